from __future__ import annotations

import pytest

from appliance.model.errors import ConfigError
from appliance.model.ha.fence import parse_fence, write_fence

TEXT = """\
# two outlets
device power:2 fence_pdu ip=10.0.0.2 ssh
device power:1 fence_pdu ip=10.0.0.1 ssh
connect power:1 node=n1 plug=4
connect power:2 node=n1 plug=4

device board fence_ipmi password="a \\"b\\" \\\\"
connect board node=n1 ip=10.0.1.1
connect board node=n2 ip=10.0.1.2
# the end
"""


def test_devices_in_the_order_of_their_first_lines() -> None:
    config = parse_fence(TEXT)
    assert config.problems == ()
    assert [(d.name, [part.number for part in d.parts]) for d in config.devices] == [
        ("power", [1, 2]),
        ("board", [1]),
    ]
    board = config.devices[1].parts[0]
    assert board.arguments == (("password", 'a "b" \\'),)
    assert [item.node for item in board.connections] == ["n1", "n2"]
    assert config.devices[0].parts[1].arguments == (("ip", "10.0.0.2"), ("ssh", None))


def test_what_is_written_reads_the_same() -> None:
    config = parse_fence(TEXT)
    text = write_fence(config)
    assert parse_fence(text) == config
    assert "# two outlets\ndevice power:2" in text
    assert text.endswith("# the end\n")
    assert write_fence(parse_fence(text)) == text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("devices a fence_x", "expected 'device <name> <agent> ...'"),
        ("device a", "expected 'device <name> <agent> ...'"),
        ("device a:b fence_x", "'a:b' is not of the form <name> or <name>:<part>"),
        ("device a ../evil", "'../evil' is no name of a fence agent"),
        ('device a fence_x p="1', "a double quote is not closed"),
        ("device a fence_x p=1 p=2", "p: is repeated"),
        ("device a fence_x =2", "'=2' is not of the form <name> or <name>=<value>"),
        ("connect a node=n1", "device 'a' is not declared above"),
        ("connect first plug=1", "needs node=<node>"),
        ("connect first node=n.1", "needs node=<node>"),
        ("connect first node=n1", "node 'n1' is connected to 'first:1' already"),
        ("device first:1 fence_x", "'first:1' is declared already"),
    ],
)
def test_errors_name_the_line(line: str, told: str) -> None:
    good = "device first fence_x\nconnect first node=n1\n"
    problem = parse_fence(f"{good}{line}\n{good}").problems[0]
    assert problem.line == 3
    assert told in str(problem)
    with pytest.raises(ConfigError, match=r"^ha/fence.cfg:3: "):
        parse_fence(good + line, strict=True)
