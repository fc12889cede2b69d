"""Our declarations against the parameters of the published API."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from appliance.model.ha import groups, resources, rules
from appliance.model.json_schema import contract_schema
from appliance.model.option import Option
from appliance.model.option_table import OptionTable
from appliance.model.options import backup, cluster, ct, jobs, mappings, realms, storage, vm
from appliance.model.schema_difference import differences
from appliance.model.section_config import SectionType
from appliance.model.section_parameters import flat_create_options
from tests.conformance.cases import corpus_files, need
from tests.conformance.test_options import DIFFERENT as FILES_DIFFER

# Which types a parameter belongs to: our types say it themselves.
TYPE_MARKS = ("instance-types", "type-property")
PATHS = {path.stem: path for path in corpus_files("api/pve-*.json")}


@dataclass(frozen=True)
class Call:
    """A call, the options that it sets, and its parameters that are no option."""

    verb: str
    path: str
    options: dict[str, Option]
    others: str


def table(options: OptionTable) -> dict[str, Option]:
    return {o.name if o.last in (None, 0) else f"{o.name}[n]": o for o in options}


def flat(types: tuple[SectionType, ...]) -> dict[str, Option]:
    return flat_create_options(types)


CALLS = (
    Call("POST", "/nodes/{node}/qemu", table(vm.API_OPTIONS),
         "archive bwlimit force ha-managed import-working-storage live-restore node pool start "
         "storage unique vmid"),
    Call("POST", "/nodes/{node}/lxc", table(ct.API_OPTIONS),
         "bwlimit force ha-managed ignore-unpack-errors node ostemplate password pool restore "
         "ssh-public-keys start storage unique vmid"),
    Call("POST", "/storage", flat(storage.TYPES), "storage type"),
    Call("PUT", "/cluster/options", table(cluster.DATACENTER_OPTIONS), "delete"),
    Call("PUT", "/nodes/{node}/config", table(cluster.NODE_OPTIONS), "delete digest node"),
    Call("POST", "/cluster/backup", flat(jobs.TYPES[1:]), "dow id starttime"),
    Call("POST", "/nodes/{node}/vzdump", table(backup.OPTIONS), "job-id stdout"),
    Call("POST", "/cluster/replication", flat(cluster.REPLICATION_TYPES), "id type"),
    Call("POST", "/access/domains", flat(realms.TYPES), "check-connection realm type"),
    Call("POST", "/cluster/jobs/realm-sync/{id}", flat(jobs.TYPES[:1]), "id"),
    *(
        Call("POST", f"/cluster/mapping/{kind}", flat(types), "id")
        for kind, types in mappings.TYPES.items()
    ),
    Call("POST", "/cluster/metrics/server/{id}", flat(cluster.METRICS_TYPES), "id type"),
    Call("POST", "/cluster/ha/resources", flat(resources.TYPES), "sid type"),
    Call("POST", "/cluster/ha/rules", flat(rules.TYPES), "rule type"),
    Call("POST", "/cluster/ha/groups", flat(groups.TYPES), "group type"),
)  # fmt: skip
_OLDER = "the older kind of job, with a start time instead of a schedule, is not taken"
# Where ours differ on purpose, and why; `/nodes/{node}/qemu net[n]` is a call's parameter.
DIFFERENT = {
    "unknown auto-rebalance": "newer than the recorded file format of HA resources",
    "unknown authsupported": "no type of storage takes it",
    "/nodes/{node}/qemu net[n].host-tunnel: missing": "newer than this version of the API",
    "/cluster/options location: format": "named in the file's schema, spelt out in the call's",
    "/nodes/{node}/config location: format": "named in the file's schema, spelt out in the call's",
    "/cluster/backup schedule: optional": _OLDER,
    "/cluster/jobs/realm-sync/{id} realm: optional": "the call makes a job that needs one",
    "/cluster/jobs/realm-sync/{id} scope: optional": "the call makes a job that needs one",
    "/cluster/metrics/server/{id} port: optional": "a type that speaks HTTPS has a usual port",
}


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.verb} {call.path}")
def test_parameters(call: Call) -> None:
    need(PATHS, "api/pve-*")
    content = json.loads(next(iter(PATHS.values())).read_text("utf-8"))
    theirs: dict[str, Any] = content["paths"][call.path][call.verb]["parameters"]
    theirs = {
        (key.removesuffix("0") if key.endswith("0") and key not in call.options else key): schema
        for key, schema in theirs.items()
    }
    ours = call.options
    found = [
        f"unknown {name}" for name in sorted(theirs.keys() - ours.keys() - set(call.others.split()))
    ]
    found += [f"not there: {name}" for name in sorted(ours.keys() - theirs.keys())]
    for name in sorted(theirs.keys() & ours.keys()):
        schema = {k: v for k, v in theirs[name].items() if k not in TYPE_MARKS}
        found += differences(f"{call.path} {name}", contract_schema(ours[name]), schema)
    known = {*DIFFERENT, *(f"{call.path} {key.partition('/')[2]}" for key in FILES_DIFFER)}
    assert [place for place in found if place not in known] == []
