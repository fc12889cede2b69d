"""From answers to a scenario, for answers as several releases and implementations write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from appliance.model.errors import ConfigError, ForbiddenError, MissingError, QuorateError
from scenarios.format.load import loads
from scenarios.twin.answers import read_answers
from scenarios.twin.layout import Twin, twin_of
from scenarios.twin.text import scenario_text

GIB = 1 << 30
TRANSCRIPTS = sorted(Path(__file__).parent.glob("*.json"))


class Transcript:
    """Answers by path. A text instead of data is the error that comes."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers, self.asked = answers, list[str]()

    def get(self, path: str, **_parameters: str) -> Any:
        self.asked.append(path)
        found = self.answers.get(path, "501")
        if not isinstance(found, str):
            return found
        kind = {"403": ForbiddenError, "501": MissingError}.get(found, QuorateError)
        raise kind(f"GET {path}: {found}")


def twin(answers: dict[str, Any]) -> Twin:
    return twin_of(read_answers(Transcript(answers)))


def node(name: str, **more: Any) -> dict[str, Any]:
    row = {"type": "node", "node": name, "status": "online", "maxcpu": 8, "maxmem": 64 * GIB}
    return row | more


def guest(number: int, where: str, **more: Any) -> dict[str, Any]:
    row = {"type": "qemu", "vmid": number, "node": where, "status": "running", "maxcpu": 2}
    return row | {"maxmem": 4 * GIB, "mem": GIB, "cpu": 0.25, "maxdisk": 10 * GIB} | more


SMALL: dict[str, Any] = {
    "/cluster/resources": [node("a"), node("b"), guest(100, "a"), guest(101, "b")],
    "/storage": [
        {"storage": "ceph", "type": "rbd", "content": "images,rootdir", "shared": 1},
        {"storage": "local-lvm", "type": "lvmthin", "content": "rootdir,images"},
        {"storage": "local", "type": "dir", "content": "iso,backup"},
    ],
    "/nodes/a/qemu/100/config": {"scsi0": "ceph:vm-100-disk-0,size=32G", "ide2": "none"},
    "/nodes/b/qemu/101/config": {
        "scsi0": "ceph:vm-101-disk-0,size=32G",
        "scsi1": "local-lvm:vm-101-disk-1,size=8G",
        "ide2": "local:iso/x.iso,media=cdrom,size=1G",
    },
    "/cluster/ha/resources": [{"sid": "vm:100", "state": "started", "max_restart": 3}],
}


@pytest.mark.parametrize("file", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_whole_cluster_can_be_rehearsed(file: Path) -> None:
    """What is written reads back as what was understood."""
    found = twin(json.loads(file.read_text("utf-8")))
    scenario = loads(scenario_text(found))
    assert scenario.layout == found.layout
    assert scenario.steps
    assert scenario.expectations


def test_a_guest_with_a_local_disk_cannot_be_started_elsewhere() -> None:
    found = twin(SMALL)
    assert {one.sid: one.storage for one in found.layout.guests} == {
        "vm:100": "ceph",
        "vm:101": "local-lvm",
    }
    assert "vm:101 has disks on ceph, local-lvm: here on local-lvm alone" in found.notes
    shared = {one.name: one.shared for one in found.layout.storages}
    assert shared == {"shared": True, "local": False, "ceph": True, "local-lvm": False}


def test_guests_keep_what_ha_knows_of_them() -> None:
    one, other = twin(SMALL).layout.guests
    assert (one.ha, one.max_restart, one.max_relocate) == (True, 3, 1)
    assert (one.busy, one.busy_memory, one.disk_bytes) == (0.25, 0.25, 32 * GIB)
    assert not other.ha


def test_what_may_not_be_seen_is_a_note_and_no_guess() -> None:
    answers = SMALL | {"/cluster/ha/rules": "403", "/nodes/a/qemu/100/config": "403"}
    found = twin(answers)
    assert "GET /cluster/ha/rules: 403" in found.notes
    assert "1 of 2 guests' configurations cannot be read" in found.notes
    assert "where vm:100 lies is not known: here on ceph" in found.notes
    loads(scenario_text(found))


def test_more_than_there_is_is_there() -> None:
    rows = [node("a", maxmem=4 * GIB), *(guest(number, "a") for number in (100, 101))]
    storages = [{"type": "storage", "storage": "ceph", "node": "a", "maxdisk": GIB}]
    found = twin(SMALL | {"/cluster/resources": rows + storages})
    assert found.layout.nodes[0].memory_bytes == 8 * GIB
    assert any("here it has what it promises" in note for note in found.notes)
    loads(scenario_text(found))


def test_quorum_as_corosync_has_it() -> None:
    found = twin(
        SMALL
        | {
            "/cluster/config/nodes": [
                {
                    "node": "a",
                    "quorum_votes": "2",
                    "ring0_addr": "10.0.0.1",
                    "ring1_addr": "10.1.0.1",
                },
                {
                    "node": "b",
                    "quorum_votes": "1",
                    "ring0_addr": "10.0.0.2",
                    "ring1_addr": "10.1.0.2",
                },
            ],
            "/cluster/config/totem": {"token": "10000", "version": "2"},
            "/cluster/config/qdevice": {"Algorithm": "LMS", "State": "Connected"},
        }
    )
    layout = found.layout
    assert [one.votes for one in layout.nodes] == [2, 1]
    assert [link.name for link in layout.links] == ["link0", "link1"]
    assert (layout.quorum.token_s, layout.quorum.qdevice_algorithm) == (10.0, "lms")


def test_no_nodes_to_be_seen() -> None:
    with pytest.raises(ConfigError, match=r"needs Sys\.Audit on /nodes"):
        twin({"/cluster/resources": []})


def test_a_name_that_no_scenario_can_have() -> None:
    with pytest.raises(ConfigError, match="node '1st' cannot be in a scenario"):
        twin({"/cluster/resources": [node("1st")]})


def test_nothing_but_get_is_asked_and_every_path_once() -> None:
    transcript = Transcript(SMALL)
    read_answers(transcript)
    assert len(transcript.asked) == len(set(transcript.asked))
