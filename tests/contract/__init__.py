"""One suite of tests per port, run against the simulated and every real implementation.

A suite is a class without `Test` in front of its name, and a `world`: what the tests may do to
nodes, networks and disks. An implementation brings the world and inherits the suite:

    class TestCorosync(GroupChannelContract):
        @pytest.fixture
        def world(self) -> Iterator[GroupWorld]: ...
"""
