"""Bind mounts against recorded cases, on a tree of names: links, races, read-only mounts."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.core.guest.bind_mounts import Found, Mounted, check_mounted, opened_source
from appliance.model.errors import QuorateError
from tests.conformance.cases import Case, case_id, suite


class Tree:
    """Directories and links; every directory is told by its number."""

    def __init__(self, context: dict[str, Any]) -> None:
        self.links: dict[str, str] = {}
        for link, target in context["symlinks"].items():
            parent = link.rpartition("/")[0]
            self.links[link] = target if target.startswith("/") else f"{parent}/{target}"
        self._numbers: dict[str, int] = {}

    def number(self, path: str) -> tuple[int, int]:
        return 1, self._numbers.setdefault(path, len(self._numbers) + 1)

    def look(self, path: str) -> Found:
        return Found(self.number(path), path in self.links)

    def resolve(self, path: str) -> str:
        """Where the kernel ends up, which follows links."""
        at = ""
        for name in path.strip("/").split("/"):
            at = f"{at}/{name}"
            at = self.links.get(at, at)
        return at


@pytest.mark.parametrize("case", suite("guest", "bindmount"), ids=case_id)
def test_bind_mounts(case: Case) -> None:
    given, tree = case["input"], Tree(case["context"])
    failed = False
    try:
        source = opened_source(given["source"], tree.look)
        replaced = given["component_replaced_by_symlink_before_mount"]
        if replaced is not None:
            tree.links[replaced] = case["context"]["replacement_symlink_target"]
        reached = tree.resolve(given["source"])
        if given["restored_before_verify"]:
            del tree.links[replaced]
        writable = given["mounted_writable_by_attacker"] or not given["read_only"]
        mounted = Mounted(tree.number(reached), writable)
        check_mounted(source, mounted, read_only=given["read_only"])
    except QuorateError:
        failed = True
    assert failed == case["expect"]["error"]


@pytest.mark.parametrize("path", ["relative", "/a/../b", "/a/./b"])
def test_paths_that_climb(path: str) -> None:
    with pytest.raises(QuorateError, match="without"):
        opened_source(path, lambda _part: Found((1, 1)))
