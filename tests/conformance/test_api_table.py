"""The operation table against the published contract: permissions, nodes, tokens, parameters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from appliance.api.coverage import operation_differences
from appliance.api.operations import all_operations
from appliance.api.table import Operation
from tests.conformance.cases import corpus_files, need

_LINKS = "read by the cluster's layout, which checks more than their form"
_BOUND = "the bounds there are misspelt and hold for nobody; ours do"
_SPELT = "named in the file's schema, spelt out in the call's"
# Where an operation is not as published, and why: "VERB PATH DIFFERENCE", with stars.
DIFFERENT: Mapping[str, str] = {
    "POST /access/ticket *: maxLength": "a bound where anybody at all may ask",
    "POST /cluster/config* link?n?: format": _LINKS,
    "POST /cluster/config/nodes/* new_node_ip: format": _LINKS,
    "POST /cluster/config/join fingerprint: *": "SHA-1 fingerprints are not taken",
    "* /nodes/{node}/qemu* net[n].host-tunnel: missing": "newer than this version of the API",
    "* cpuunits: default": "published as words, not as a value",
    "POST /nodes/{node}/qemu/{vmid}/status/start timeout: default": "published as words",
    "* /nodes/{node}/qemu* vcpus: default": "0 is below its own minimum: none is all of them",
    "* /nodes/{node}/qemu* vmgenid: default": "published as words; a new machine gets one",
    "POST /nodes/{node}* node": "a console's port is opened by the node that it is on",
    "GET /nodes/{node}/qemu/{vmid}/agent/file-read count: default": "published as a text",
    "POST /cluster/config token-coefficient: default": "the value of corosync.conf holds",
    "PUT /cluster/options max_workers: default": "4 is what is taken where nothing is written",
    "PUT /cluster/options next-id.*: m*": _BOUND,
    "PUT /cluster/options location: format": _SPELT,
    "PUT /nodes/{node}/config location: format": _SPELT,
    "* /cluster/qemu/custom-cpu-models* reported-model: enum": "newer models than our QEMU has",
    "DELETE /cluster/config/nodes/{node} force: is not published": "a check of ours can be passed",
    "POST /nodes/{node}/storage/{storage}/upload node": "the file goes to the node as it comes in",
}


def published() -> Mapping[str, Mapping[str, Any]]:
    files = corpus_files("api/pve-*.json")
    found: dict[str, Any] = json.loads(files[0].read_text("utf-8"))["paths"] if files else {}
    return found


CONTRACT = published()


def shared() -> list[Operation]:
    return [o for o in all_operations() if o.verb in CONTRACT.get(o.path, {})]


def told(operation: Operation) -> Iterator[str]:
    for difference in operation_differences(operation, CONTRACT[operation.path][operation.verb]):
        yield f"{operation.verb} {operation.path} {difference}"


@pytest.mark.parametrize("operation", shared(), ids=lambda o: f"{o.verb} {o.path}")
def test_operations_are_as_published(operation: Operation) -> None:
    unknown = [line for line in told(operation) if not any(known(line, key) for key in DIFFERENT)]
    assert unknown == []


def known(line: str, key: str) -> bool:
    return fnmatchcase(line, key.replace("[", "[[]"))


def test_every_explained_difference_is_one() -> None:
    need(CONTRACT, "api/pve-*")
    lines = [line for operation in shared() for line in told(operation)]
    assert [key for key in DIFFERENT if not any(known(line, key) for line in lines)] == []
