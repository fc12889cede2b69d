"""Roles, privileges and GET /access/permissions against recorded cases."""

from __future__ import annotations

import pytest

from appliance.core.access.effective import effective_permissions
from appliance.core.access.permissions import Access
from appliance.model.access.user_cfg import parse_user_config
from appliance.model.errors import QuorateError
from tests.conformance.cases import Case, case_id, suite


def access_of(case: Case) -> Access:
    text = case["context"]["configs"][case["input"]["config"]]
    return Access(parse_user_config(text))


@pytest.mark.parametrize("case", suite("access", "permissions"), ids=case_id)
def test_roles_and_privileges(case: Case) -> None:
    access, asked, expect = access_of(case), case["input"], case["expect"]
    if asked["query"] == "roles":
        assert sorted(access.roles(asked["user"], asked["path"])) == sorted(expect["roles"])
    else:
        found = access.privileges(asked["user"], asked["path"])
        assert sorted(found) == sorted(expect["permissions"])


@pytest.mark.parametrize("case", suite("access", "api_get_permissions"), ids=case_id)
def test_who_sees_whose(case: Case) -> None:
    access, params = access_of(case), case["input"]["params"]
    caller, userid = case["input"]["caller"], params.get("userid")
    if "error" in case["expect"]:
        with pytest.raises(QuorateError):
            effective_permissions(access, caller, userid, params.get("path"))
        return
    found = effective_permissions(access, caller, userid, params.get("path"))
    assert found == case["expect"]["result"]
