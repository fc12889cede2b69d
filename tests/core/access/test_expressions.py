"""Permission expressions: who is let through, and what the others are told."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.core.access.expressions import is_public, missing, parse_rule
from appliance.core.access.permissions import Access
from appliance.model.access.user_cfg import parse_user_config

ACCESS = Access(
    parse_user_config(
        """
user:joe@pve:1:
user:max@pve:1:
user:new@pve:1:
user:boss@pve:1:
token:joe@pve!own::1:
token:joe@pve!same::0:
user:root@pam:1:
token:root@pam!tt:0:0::

group:team:joe@pve,max@pve:
group:admins:boss@pve:

pool:p::101::

acl:1:/vms/100:joe@pve:PVEVMUser:
acl:1:/vms/102:joe@pve:PVEVMAdmin:
acl:1:/pool/p:joe@pve:PVEVMAdmin,PVEPoolAdmin:
acl:1:/access/groups/team:max@pve:PVEUserAdmin:
acl:1:/access/realm/pve:max@pve:PVEUserAdmin:
acl:1:/access/groups:boss@pve:PVEUserAdmin:
acl:1:/storage:boss@pve:PVEDatastoreUser:
"""
    )
)


def lacks(written: Any, caller: str | None, **parameters: object) -> str | None:
    wrapped = {"check": written} if isinstance(written, list) else written
    return missing(parse_rule(wrapped), caller, parameters, ACCESS)


def test_root_alone_everybody_and_the_logged_in() -> None:
    assert lacks(None, "root@pam") is None
    assert lacks(None, "joe@pve") == "user != root@pam"
    assert lacks(None, "root@pam!tt") == "user != root@pam"
    assert lacks({"user": "all"}, "new@pve") is None
    assert lacks({"user": "all"}, None) == "no login"
    assert lacks({"user": "world"}, None) is None
    assert lacks({"description": "words only"}, "joe@pve") == "user != root@pam"
    assert is_public(parse_rule({"user": "world"}))
    assert not is_public(parse_rule(None))


def test_privileges_on_a_path() -> None:
    perm = ["perm", "/vms/{vmid}", ["VM.Console", "VM.PowerMgmt"]]
    assert lacks(perm, "joe@pve", vmid=100) is None
    assert lacks(perm, "joe@pve", vmid=101) is None
    assert lacks(perm, "joe@pve", vmid=103) == "/vms/103, VM.Console"
    assert lacks(perm, "joe@pve!same", vmid=100) is None
    assert lacks(perm, "joe@pve!own", vmid=100) == "/vms/100, VM.Console"
    assert lacks(perm, "root@pam!tt", vmid=9) is None
    assert lacks(perm, "new@pve", vmid=100) is not None
    assert lacks(perm, "nobody@pve", vmid=100) is not None
    one = ["perm", "/vms/{vmid}", ["VM.Allocate", "VM.Audit"], "any", 1]
    assert lacks(one, "joe@pve", vmid=100) is None
    assert lacks(one, "joe@pve", vmid=5) == "/vms/5, VM.Allocate|VM.Audit"


def test_a_parameter_that_is_not_given_or_makes_no_path() -> None:
    perm = ["perm", "/storage/{storage}", ["Datastore.Audit"]]
    assert lacks(perm, "boss@pve") is None
    assert lacks(perm, "joe@pve") == "/storage, Datastore.Audit"
    assert lacks(perm, "boss@pve", storage="a b") == "/storage/{storage}: no such path"
    pool = ["perm", "/pool/{pool}", ["Pool.Allocate"], "require_param", "pool"]
    assert lacks(pool, "new@pve") is None
    assert lacks(pool, "new@pve", pool="p") == "/pool/p, Pool.Allocate"
    assert lacks(pool, "joe@pve", pool="p") is None


def test_and_or() -> None:
    yes = ["perm", "/vms/100", ["VM.Audit"]]
    no = ["perm", "/", ["Sys.Modify"]]
    assert lacks(["or", no, yes], "joe@pve") is None
    assert lacks(["and", yes, yes], "joe@pve") is None
    assert lacks(["and", yes, no], "joe@pve") == "/, Sys.Modify"
    assert lacks(["or", no, no], "joe@pve") == "/, Sys.Modify or /, Sys.Modify"


def test_the_user_in_the_parameters() -> None:
    own = ["userid-param", "self"]
    assert lacks(own, "joe@pve", userid="joe@pve") is None
    assert lacks(own, "joe@pve", userid="max@pve") is not None
    assert lacks(own, "joe@pve!same", userid="joe@pve") is not None
    assert lacks(own, "joe@pve") is not None
    realm = ["userid-param", "Realm.AllocateUser"]
    assert lacks(realm, "max@pve", userid="any@pve") is None
    assert lacks(realm, "max@pve", userid="any@ldap") == "/access/realm/ldap, Realm.AllocateUser"
    assert lacks(realm, "max@pve", userid="nonsense") == "'nonsense' is no user"


def test_the_groups_of_the_user_in_the_parameters() -> None:
    group = ["userid-group", ["User.Modify"]]
    assert lacks(group, "max@pve", userid="joe@pve") is None
    assert lacks(group, "max@pve", userid="boss@pve") == "/access/groups, User.Modify"
    assert lacks(group, "max@pve", userid="new@pve") == "/access/groups, User.Modify"
    assert lacks(group, "boss@pve", userid="new@pve") is None
    # Who may not see all users does not learn who there is.
    assert lacks(group, "joe@pve", userid="new@pve") == lacks(group, "joe@pve", userid="no@pve")


@pytest.mark.parametrize("groups", ["team", ("team",), ["team"]])
def test_the_groups_that_a_new_user_shall_be_in(groups: object) -> None:
    create = ["userid-group", ["User.Modify"], "groups_param", "create"]
    assert lacks(create, "max@pve", userid="x@pve", groups=groups) is None
    assert lacks(create, "max@pve", userid="x@pve") == "/access/groups, User.Modify"
    refused = lacks(create, "max@pve", userid="x@pve", groups="team,admins")
    assert refused == "/access/groups/admins, User.Modify"
    update = ["userid-group", ["User.Modify"], "groups_param", "update"]
    assert lacks(update, "max@pve", userid="joe@pve", groups=groups) is None
    assert lacks(update, "max@pve", userid="joe@pve") is None
    assert lacks(update, "max@pve", userid="new@pve", groups=groups) is not None
    assert lacks(update, "max@pve", userid="joe@pve", groups="admins") is not None


def test_who_may_change_permissions() -> None:
    modify = ["perm-modify", "{path}"]
    assert lacks(modify, "joe@pve", path="/vms/102") is None
    assert lacks(modify, "joe@pve", path="/vms/100") == "/vms/100, Permissions.Modify|VM.Allocate"
    assert lacks(modify, "joe@pve", path="pool//p/") is None
    assert lacks(modify, "joe@pve", path="/") == "/, Permissions.Modify"
    assert lacks(modify, "joe@pve", path="/é") is not None


@pytest.mark.parametrize(
    "written",
    [
        {"user": "some"},
        {"check": []},
        {"check": ["and"]},
        {"check": ["perm", "/"]},
        {"check": ["perm", "/", ["X"], "all", 1]},
        {"check": ["perm", "/", ["X"], "any"]},
        {"check": ["userid-group", ["X"], "groups_param", "delete"]},
        {"check": ["or", ["magic"]]},
    ],
)
def test_what_nobody_can_evaluate(written: Any) -> None:
    with pytest.raises(ValueError, match="not known"):
        parse_rule(written)
