"""Which nodes a service uses, state by state."""

from __future__ import annotations

import pytest

from appliance.core.ha.places import used_nodes

ONLINE = frozenset({"n1", "n2"})


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("stopped", (None, None, False)),
        ("request_start", (None, None, False)),
        ("request_start_balance", (None, "n2", False)),
        ("started", ("n1", None, False)),
        ("request_stop", ("n1", None, True)),
        ("fence", ("n1", None, True)),
        ("freeze", ("n1", None, True)),
        ("error", ("n1", None, True)),
        ("recovery", ("n1", None, True)),
        ("migrate", ("n1", "n2", True)),
        ("relocate", ("n1", "n2", True)),
    ],
)
def test_states(state: str, expected: tuple[str | None, str | None, bool]) -> None:
    assert used_nodes(state, "n1", "n2", False, ONLINE) == expected


def test_running_is_the_mark_of_a_started_service_alone() -> None:
    assert used_nodes("started", "n1", None, True, ONLINE) == ("n1", None, True)
    assert used_nodes("stopped", "n1", None, True, ONLINE) == (None, None, False)


def test_only_online_nodes_count() -> None:
    assert used_nodes("migrate", "gone", "n2", True, ONLINE) == (None, "n2", False)
    assert used_nodes("migrate", "n1", "gone", False, ONLINE) == ("n1", None, True)
    assert used_nodes("started", "gone", None, True, ONLINE) == (None, None, True)
