"""Commands for fencing, try by try."""

from __future__ import annotations

from appliance.core.ha.fence_commands import FenceCommand, fence_commands
from appliance.model.ha.fence import parse_fence

CONFIG = parse_fence(
    """\
device power:1 fence_pdu ip=10.0.0.1
device power:2 fence_pdu ip=10.0.0.2
device board fence_ipmi l password="it's mine"
connect power:1 node=n1 plug=1
connect power:2 node=n1 plug=1
connect power:2 node=n2 plug=2
connect board node=n1
connect board node=n3 a=10.1.1.1
""",
    strict=True,
)


def shown(node: str, attempt: int) -> list[str]:
    return [command.shell() for command in fence_commands(CONFIG, node, attempt)]


def test_parts_of_a_device_act_together() -> None:
    assert shown("n1", 0) == [
        "fence_pdu --ip=10.0.0.1 --plug=1",
        "fence_pdu --ip=10.0.0.2 --plug=1",
    ]
    assert shown("n2", 0) == ["fence_pdu --ip=10.0.0.2 --plug=2"]


def test_the_next_try_is_the_next_device_of_the_node() -> None:
    assert shown("n1", 1) == ["fence_ipmi -l --password='it'\\''s mine'"]
    assert shown("n3", 0) == ["fence_ipmi -l --password='it'\\''s mine' -a 10.1.1.1"]


def test_no_device_is_left() -> None:
    assert shown("n1", 2) == shown("n2", 1) == shown("n4", 0) == []


def test_arguments_are_not_quoted_for_the_program_itself() -> None:
    command = FenceCommand("fence_x", (("password", "it's"), ("v", None), ("a", "b c")))
    assert command.argv() == ("fence_x", "--password=it's", "-v", "-a", "b c")
