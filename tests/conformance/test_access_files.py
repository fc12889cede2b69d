"""user.cfg, the built-in roles and the paths of permissions against recorded cases."""

from __future__ import annotations

import json

import pytest

from appliance.model.access.acl_paths import is_acl_path, normalized_path
from appliance.model.access.privileges import BUILT_IN_ROLES, PRIVILEGES
from appliance.model.access.user_cfg import parse_user_config, write_user_config
from tests.conformance.access_structures import from_structure
from tests.conformance.cases import Case, case_id, corpus_files, suite


@pytest.mark.parametrize("case", suite("access", "parser_writer"), ids=case_id)
def test_user_cfg(case: Case) -> None:
    expect, text = case["expect"], case["input"].get("text")
    if text is not None:
        parsed = parse_user_config(text)
        if "parsed" in expect:
            assert parsed == from_structure(expect["parsed"])
        if "rewritten" in expect:
            assert write_user_config(parsed) == expect["rewritten"]
        assert write_user_config(parsed) == case["observed"]["rewritten"]
    if "written_from_structure" in expect:
        config = from_structure(case["input"]["structure"])
        assert write_user_config(config) == expect["written_from_structure"]


@pytest.mark.parametrize(
    "case", suite("access", "user_cfg_fields_observed", observed=True), ids=case_id
)
def test_every_field_of_user_cfg(case: Case) -> None:
    text = case["expect"]["text"]
    assert write_user_config(from_structure(case["input"]["structure"])) == text
    parsed = parse_user_config(text)
    assert parsed == from_structure(case["expect"]["parsed_again"])
    assert parsed.problems == ()
    assert write_user_config(parsed) == text


@pytest.mark.parametrize("case", suite("access", "acl_path_observed", observed=True), ids=case_id)
def test_paths(case: Case) -> None:
    path, expect = case["input"]["path"], case["expect"]
    normal = normalized_path(path)
    assert normal == expect["normalized"]
    assert (normal is not None and is_acl_path(normal)) is expect["valid_after_normalize"]
    assert is_acl_path(path) is expect["valid_raw"]


@pytest.mark.parametrize("path", corpus_files("access/roles.json"), ids=str)
def test_roles_and_privileges(path: object) -> None:
    recorded = json.loads(corpus_files("access/roles.json")[0].read_text("utf-8"))
    assert list(PRIVILEGES) == sorted(recorded["privileges"])
    assert {name: set(has) for name, has in BUILT_IN_ROLES.items()} == {
        name: set(has) for name, has in recorded["roles"].items()
    }
