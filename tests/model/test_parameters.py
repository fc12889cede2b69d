from __future__ import annotations

import pytest

from appliance.model.errors import ConfigError
from appliance.model.json_schema import contract_schema, describe, openapi_object
from appliance.model.option import Option
from appliance.model.option_table import OptionTable, split_key
from appliance.model.options import storage, vm
from appliance.model.parameters import (
    ParameterError,
    Parameters,
    check_parameters,
    checked_call,
)
from appliance.model.section_parameters import create_parameters, update_parameters

STORAGE = Option("storage", "Its id.", required=True)
STORAGE_AT_A = {"storage": "a", "type": "dir", "path": "/a"}


def storage_call(**given: object) -> tuple[dict[str, object], dict[str, str]]:
    found = check_parameters(create_parameters(storage.TYPES, [STORAGE]), given)
    return dict(found.texts), dict(found.errors)


def test_a_type_decides_what_a_call_takes() -> None:
    texts, errors = storage_call(
        storage="a", type="dir", path="/a", shared=True, nodes=["n1", "n2"]
    )
    assert errors == {}
    assert texts == {
        "storage": "a",
        "type": "dir",
        "path": "/a",
        "shared": "1",
        "nodes": "n1,n2",
    }


def test_every_error_is_under_its_parameter() -> None:
    _, errors = storage_call(type="nfs", path="a", server="x", vgname="v", content="images,foo")
    assert sorted(errors) == ["content", "export", "path", "storage", "vgname"]
    assert errors["export"] == "is missing"
    assert errors["vgname"] == "is not known here"
    assert errors["path"].startswith("'a' is not valid, allowed is an absolute path")


def test_without_its_type_nothing_is_known() -> None:
    assert storage_call(storage="a", path="/a")[1] == {
        "type": "is missing",
        "path": "is not known here",
    }
    assert storage_call(storage="a", type="foo")[1]["type"].startswith("'foo' is not one of btrfs")


def test_what_is_fixed_cannot_be_changed() -> None:
    declared = next(t for t in storage.TYPES if t.name == "dir")
    found = check_parameters(update_parameters(declared), {"path": "/b", "delete": "nodes,shared"})
    assert found.errors == {"path": "is not known here"}
    assert found.values["delete"] == ("nodes", "shared")


def test_keys_inside_a_value_are_named() -> None:
    call = Parameters(vm.API_OPTIONS)
    found = check_parameters(call, {"net0": "virtio,bridge=vmbr0,tag=9000", "scsi31": "a:1"})
    assert found.errors == {
        "net0": "tag: 9000 is above the maximum 4094",
        "scsi31": "is not known here",
    }


@pytest.mark.parametrize("item", [{"a": 1}, [["x"]], object()])
def test_what_is_no_value_is_told(item: object) -> None:
    found = check_parameters(Parameters(vm.API_OPTIONS), {"memory": item})
    told = "is given more than once" if isinstance(item, list) else "is no single value"
    assert found.errors == {"memory": told}


def test_defaults_are_among_the_values_and_not_among_the_texts() -> None:
    found = checked_call(create_parameters(storage.TYPES, [STORAGE]), STORAGE_AT_A)
    assert found.values["mkdir"] is True
    assert found.texts == STORAGE_AT_A


def test_all_errors_are_raised_at_once() -> None:
    given = {**STORAGE_AT_A, "storage": "a\0", "nodes": "", "nothing": "1"}
    with pytest.raises(ParameterError) as raised:
        checked_call(create_parameters(storage.TYPES, [STORAGE]), given)
    assert sorted(raised.value.errors) == ["nodes", "nothing", "storage"]
    assert raised.value.errors["storage"] == "contains a NUL character"


def test_numbered_keys() -> None:
    assert split_key("net3") == ("net", 3)
    assert split_key("memory") == ("memory", None)
    for key in ("net32", "net03", "net", "net-1", "net1x", "net99999999999", ""):
        assert vm.OPTIONS.find(key) is None, key
    numa, numa0 = vm.OPTIONS.find("numa"), vm.OPTIONS.find("numa0")
    assert numa is not None
    assert numa0 is not None
    assert (numa.kind, numa0.kind) == ("boolean", "string")


def test_an_error_names_the_key_and_not_the_option() -> None:
    with pytest.raises(ConfigError) as error:
        vm.OPTIONS.decode("net7", "virtio,mtu=x")
    assert error.value.field == "net7: mtu"
    with pytest.raises(ConfigError, match="foo: is no option here"):
        OptionTable(()).decode("foo", "1")


def test_help_says_what_a_value_is() -> None:
    cores = vm.OPTIONS.find("cores")
    assert cores is not None
    assert describe(cores) == "Cores of each socket. Value: whole number from 1. Default: 1."


def test_openapi_lists_numbered_options_and_what_is_required() -> None:
    made = openapi_object([*(o for o in vm.OPTIONS if o.name in ("ide", "cores")), STORAGE])
    assert list(made["properties"]) == ["cores", "ide0", "ide1", "ide2", "ide3", "storage"]
    assert made["required"] == ["storage"]
    assert made["properties"]["cores"]["type"] == "integer"


def test_booleans_are_one_and_zero_in_the_contract() -> None:
    schema = contract_schema(Option("on", "", kind="boolean", default=True))
    assert schema == {"type": "boolean", "default": 1, "optional": 1}


def test_unknown_parameters_pass_where_that_is_wanted() -> None:
    table = OptionTable([Option("a", "", kind="integer", requires="b"), Option("b", "")])
    found = check_parameters(Parameters(table, more=True), {"a": 1, "x": "y", "b": None})
    assert found.values["x"] == "y"
    assert found.errors == {"a": "needs b too"}
