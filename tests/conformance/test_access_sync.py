"""Users and groups taken over from a directory, against recorded cases."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.core.access.realm_sync import sync_options, synchronised
from appliance.model.access.directory import DirectoryGroup, DirectoryUser
from tests.conformance.access_structures import from_structure
from tests.conformance.cases import Case, case_id, suite


def first_part(dn: str) -> str:
    return dn.partition(",")[0].partition("=")[2]


@pytest.mark.parametrize("case", suite("access", "realm_sync"), ids=case_id)
def test_realm_sync(case: Case) -> None:
    params, response = case["input"]["params"], case["context"]["ldap_response"]
    users = [DirectoryUser(u["dn"], u["attributes"]["uid"][0], {}) for u in response["user"]]
    groups = [
        DirectoryGroup(g["dn"], first_part(g["dn"]), tuple(g["members"]))
        for g in response["groups"]
    ]
    before = from_structure(case["context"]["user_cfg_before"])
    result = synchronised(before, params["realm"], users, groups, sync_options(params, {}))
    assert without_empty(result.config) == without_empty(from_structure(case["expect"]["user_cfg"]))


def without_empty(config: Any) -> Any:
    """A level of permissions on which nobody stands is none."""
    return config.users, config.groups, {path: node for path, node in config.acl.items() if node}
