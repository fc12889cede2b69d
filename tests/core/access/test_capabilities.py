"""What a client may offer: privileges by area."""

from __future__ import annotations

from appliance.core.access.capabilities import capabilities
from appliance.core.access.permissions import Access
from appliance.model.access.privileges import PRIVILEGES
from appliance.model.access.users import Pool, User, UserConfig

AREAS = ("vms", "storage", "access", "nodes", "dc", "sdn", "mapping")


def of(acl: dict[str, str]) -> dict[str, set[str]]:
    given = {path: {"u@pve": {role: True}} for path, role in acl.items()}
    config = UserConfig({"u@pve": User()}, pools={"dev": Pool((100,))}, acl=given)
    found = capabilities(Access(config), "u@pve")
    assert tuple(found) == AREAS
    return {area: set(has) for area, has in found.items() if has}


def test_nobody_may_do_anything() -> None:
    assert of({}) == {}


def test_root_may_do_everything() -> None:
    found = capabilities(Access(UserConfig()), "root@pam")
    assert set(found["vms"]) == {
        name for name in PRIVILEGES if name.startswith("VM.") or name == "Permissions.Modify"
    }
    assert "Sys.PowerMgmt" in found["nodes"]
    assert found["dc"] == dict.fromkeys(
        ["SDN.Allocate", "SDN.Audit", "SDN.Use", "Sys.Audit", "Sys.Modify"], 1
    )
    assert all(found.values())


def test_one_guest_is_enough_to_offer_guests() -> None:
    assert of({"/vms/100": "PVETemplateUser"}) == {"vms": {"VM.Audit", "VM.Clone"}}


def test_a_pool_is_its_guests_and_storages() -> None:
    found = of({"/pool/dev": "PVEDatastoreUser"})
    assert found == {"storage": {"Datastore.AllocateSpace", "Datastore.Audit"}}


def test_what_holds_on_top_holds_in_every_area() -> None:
    assert sorted(of({"/": "PVEAuditor"})) == ["dc", "mapping", "nodes", "sdn", "storage", "vms"]
