"""Every operation, asked with nonsense that is nearly sense: an answer always, never a defect."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote, urlencode

import pytest

from appliance.api.http import HttpRequest
from appliance.api.operations import all_operations
from appliance.api.table import Operation
from appliance.model.option import Option
from tests.api.world_rig import NoAnswerError, WorldRig

# By the parameter's name: what is there, so that many requests get beyond the checks.
KNOWN: Final = {
    "node": ("pve1",),
    "vmid": ("100", "101", "102"),
    "newid": ("900", "100"),
    "storage": ("local", "local-zfs", "ceph", "nfs"),
    "target": ("pve2",),
    "volume": ("local:iso/a.iso", "ceph:vm-100-disk-0"),
    "snapname": ("one", "current"),
    "userid": ("root@pam", "me@pve"),
    "sid": ("vm:100", "ct:102", "100"),
    "disk": ("scsi0", "/dev/sdb"),
    "upid": ("UPID:pve1:000003E9:00004CA0:6955B9C4:qmstart:100:root@pam:",),
}
JUNK: Final = (
    "", "0", "1", "-1", "99999999999999999999", "1.5", "nan", "a", "A b", "x" * 300, "ä€", "\x00",
    "\n", "%00", "../../etc/passwd", "/", "//", "a/b", "..", "local:../x", "local:iso/../../x",
    "vm:100", "root@pam", "root@pam!t", "10.0.0.0/8", "::1", "fe80::/10", "a=b,c=d", ",", ";", ":",
    "scsi0", "none", "[general]", "a\nb: c", "true", "{}", "[]", "null", "2026-01-01", "mon..fri",
    "*/5", "sat 25:61", "$(id)", "'", '"', "<x>", "\u202e", "UPID:", "local:1", "local:-1", "1G",
)  # fmt: skip
LEFT_OUT: Final = {
    ("GET", "/store/watch"),  # goes on for ever
}


def cases() -> list[Operation]:
    return [one for one in all_operations() if (one.verb, one.path) not in LEFT_OUT]


def value_of(option: Option, draw: random.Random) -> str:
    pool: tuple[Any, ...] = KNOWN.get(option.name.removesuffix("[n]"), ())
    if pool and draw.random() < 0.8:
        return str(draw.choice(pool))
    if option.choices and draw.random() < 0.7:
        return str(draw.choice(option.choices))
    if option.kind == "boolean" and draw.random() < 0.8:
        return draw.choice(("0", "1"))
    if option.kind in ("integer", "number") and draw.random() < 0.6:
        least, most = option.minimum, option.maximum
        return str(draw.choice([least if least is not None else 0, most or 7, 1]))
    return draw.choice(JUNK)


def request_of(operation: Operation, draw: random.Random) -> HttpRequest:
    """Some of its parameters, those that are required more often."""
    path, given = operation.path, {}
    for option in operation.options:
        place = "{" + option.name + "}"
        if place in path:
            text = quote(value_of(option, draw), safe="") or "x"
            path = path.replace(place, text)
        elif draw.random() < (0.9 if option.required else 0.25):
            given[option.name.replace("[n]", "0")] = value_of(option, draw)
    if draw.random() < 0.1:
        given["nobody-knows-this"] = "1"
    form, in_query = urlencode(given), operation.verb in ("GET", "DELETE")
    return HttpRequest(
        operation.verb,
        f"/api2/json{path}",
        form if in_query else "",
        {},
        b"" if in_query else form.encode(),
    )


def ask_all(rounds: int, seed: int) -> Iterator[str]:
    """What went wrong, a line each."""
    draw = random.Random(seed)
    rig = WorldRig(guests=3)
    for operation in cases() * rounds:
        request = request_of(operation, draw)
        told = f"{request.verb} {request.path}?{request.query}{request.body.decode()}"
        try:
            rig.handle("pve1", request)
        except NoAnswerError:
            rig.run(120)  # it was the node's own end that was asked for
        except AssertionError as error:
            yield f"{told}: {str(error)[:300]}"
        except Exception as error:  # noqa: BLE001 - any is a defect
            yield f"{told}: {type(error).__name__}: {str(error)[:300]}"


def test_nonsense_is_answered() -> None:
    assert list(ask_all(1, seed=1)) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
def test_much_nonsense_is_answered(seed: int) -> None:
    assert list(ask_all(3, seed)) == []
