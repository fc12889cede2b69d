"""What a directory cannot do to the users here."""

from __future__ import annotations

import pytest

from appliance.core.access.realm_sync import sync_options, synchronised
from appliance.model.access.directory import DirectoryGroup, DirectoryUser
from appliance.model.access.user_cfg import parse_user_config, write_user_config
from appliance.model.errors import ConfigError

BEFORE = parse_user_config(
    """
user:root@pam:1:0::::::
user:old@corp:1:0:Old::::x:
token:old@corp!tok:0:1::
user:gone@corp:0:0::::::
token:gone@corp!tok:0:1::

group:mine:gone@corp,old@corp:local:

acl:1:/:gone@corp:PVEAdmin:
acl:1:/:gone@corp!tok:PVEAdmin:
acl:1:/vms:root@pam:PVEAdmin:
"""
)


def test_names_and_texts_that_would_break_the_file_are_told_and_left_out() -> None:
    users = [
        DirectoryUser("cn=1", "new", {"email": "a:b", "comment": "x\ny:z", "role": "no"}),
        DirectoryUser("cn=2", "with space", {}),
    ]
    groups = [DirectoryGroup("cn=g", "a b", ("cn=1",)), DirectoryGroup("cn=h", "h", ("CN=1",))]
    options = sync_options({"scope": "both", "enable-new": False}, {})
    result = synchronised(BEFORE, "corp", users, groups, options)
    new = result.config.users["new@corp"]
    assert (new.email, new.comment, new.enable) == ("", "x\ny:z", False)
    assert result.config.groups["h-corp"].members == ("new@corp",)
    assert sum("cannot be" in line for line in result.lines) == 3
    assert parse_user_config(write_user_config(result.config)).problems == ()


def test_tokens_and_local_groups_of_those_who_stay_are_left_alone() -> None:
    users = [DirectoryUser("cn=1", "old", {"lastname": "Name"})]
    options = sync_options({"scope": "users", "full": True, "purge": True}, {})
    after = synchronised(BEFORE, "corp", users, [], options).config
    assert after.users["old@corp"].tokens == BEFORE.users["old@corp"].tokens
    assert (after.users["old@corp"].firstname, after.users["old@corp"].keys) == ("", "")
    assert "gone@corp" not in after.users
    assert "PVEAdmin" not in write_user_config(after)
    assert parse_user_config(write_user_config(after)).problems == ()


def test_options_of_the_call_go_before_those_of_the_realm() -> None:
    with pytest.raises(ConfigError, match="scope"):
        sync_options({}, {})
    realm = {"scope": "groups", "remove-vanished": "acl;entry", "enable-new": False}
    assert sync_options({}, realm).vanished == {"acl", "entry"}
    assert sync_options({"remove-vanished": "none"}, realm).vanished == frozenset()
    assert sync_options({"scope": "both"}, realm).scope == "both"
    assert sync_options({"enable-new": True}, realm).enable_new
