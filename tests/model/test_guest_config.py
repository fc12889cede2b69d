from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.errors import ConfigError
from appliance.model.guest.config import (
    GuestConfig,
    Settings,
    canonical,
    decoded,
    parse_guest,
    write_guest,
)
from appliance.model.guest.document import is_snapshot_name

FILE = """# a note
# of two lines
cores: 2
memory: 2048
wonder: land
net0: virtio=BC:24:11:00:00:01,bridge=vmbr0
cores: 4
this is nothing

[PENDING]
delete: net0
memory: 4096

[before]
cores: 1
snapstate: delete

[:odd]
name: x
"""


def test_what_is_read_and_written_is_the_same_file() -> None:
    for text in ("", "\n", "cores: 1", "[a1]\n", "\n\n[PENDING]\nx: y", "#\n#\n", FILE):
        assert write_guest(parse_guest(text, "vm")) == text


def test_problems_name_file_line_and_key() -> None:
    config = parse_guest(FILE, "vm", file="100.conf")
    assert [str(problem) for problem in config.problems] == [
        "100.conf:5: wonder: is no option here",
        "100.conf:8: this is nothing: is no '<key>: <value>'",
        "100.conf:18: [:odd]: is no section of such a file, or is there already",
    ]
    with pytest.raises(ConfigError, match=r"100\.conf:5: wonder"):
        parse_guest(FILE, "vm", strict=True, file="100.conf")


def test_the_last_of_equal_keys_holds() -> None:
    config = parse_guest(FILE, "vm")
    assert config.current.values["cores"] == "4"
    assert config.current.description == " a note\n of two lines"
    assert config.snapshots["before"].values == {"cores": "1", "snapstate": "delete"}


def test_a_change_touches_its_lines_alone() -> None:
    config = parse_guest(FILE, "vm")
    current = config.current.with_values({"cores": "8", "name": "web", "agent": "1"})
    text = write_guest(replace(config, current=current.without(["net0"])))
    assert text == FILE.replace("cores: 2\n", "agent: 1\ncores: 8\n", 1).replace(
        "net0: virtio=BC:24:11:00:00:01,bridge=vmbr0\ncores: 4\nthis is nothing\n",
        "this is nothing\nname: web\n",
    )


def test_parts_come_and_go() -> None:
    config = parse_guest("cores: 1\n\n[PENDING]\nmemory: 64\n", "vm")
    gone = replace(config, pending=Settings())
    assert write_guest(gone) == "cores: 1\n"
    snapshot = Settings({"cores": "1"}, "ü: 5%")
    more = replace(gone, snapshots={"s1": snapshot})
    assert write_guest(more) == "cores: 1\n\n[s1]\n#%C3%BC%3A 5%25\ncores: 1\n"
    assert parse_guest(write_guest(more), "vm").snapshots == {"s1": snapshot}


def test_values_have_their_defaults() -> None:
    settings = parse_guest("cores: 3\nonboot: yes\n", "vm").current
    assert decoded("vm", settings, "cores") == 3
    assert decoded("vm", settings, "onboot") is True
    assert decoded("vm", settings, "sockets") == 1
    assert decoded("vm", settings, "name") is None


def test_containers_have_lines_of_their_own() -> None:
    text = "hostname: c1\nlxc.idmap = u 0 1 2\nlxc.idmap: g 0 1 2\nlxc.rootfs.path: /x\n"
    config = parse_guest(text, "ct")
    assert config.current.raw == (("lxc.idmap", "u 0 1 2"), ("lxc.idmap", "g 0 1 2"))
    assert [p.field for p in config.problems] == ["lxc.rootfs.path"]
    raw = replace(config, current=replace(config.current, raw=(("lxc.group", "x"),)))
    assert write_guest(raw) == "hostname: c1\nlxc.rootfs.path: /x\nlxc.group: x\n"


@pytest.mark.parametrize("name", ["current", "a", "1a", "a b", "../x", "pending", "PENDING", ""])
def test_names_that_no_snapshot_has(name: str) -> None:
    assert not is_snapshot_name(name)


@given(
    st.dictionaries(
        st.sampled_from(["cores", "sockets", "memory", "name", "tags", "net0", "scsi0"]),
        st.sampled_from(["1", "512", "web", "a;b", "virtio", "local:1,size=1G"]),
    ),
    st.text(max_size=40),
)
def test_what_is_written_reads_the_same(values: dict[str, str], note: str) -> None:
    description = note.replace("\r", "").rstrip("\n")
    good = {k: v for k, v in values.items() if not parse_guest(f"{k}: {v}\n", "vm").problems}
    settings = Settings(good, description)
    config = GuestConfig("vm", settings, snapshots={"s1": settings})
    read = parse_guest(write_guest(config), "vm")
    assert read == config
    assert canonical(read) == config
