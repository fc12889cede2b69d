"""Where notifications go, through the API; and CPU models of one's own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.rig import Nodes

PATH = "/cluster/notifications"
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "gotify": (
        {"server": "https://a.example", "token": "hush"},
        {"server": "https://b"},
        "comment",
    ),
    "sendmail": ({"mailto": ["a@b.example", "root"], "comment": "x"}, {"author": "me"}, "comment"),
    "smtp": (
        {"server": "m", "from-address": "a@b", "mailto-user": ["root@pam"], "password": "hush"},
        {"port": 25, "mode": "insecure"},
        "mailto-user",
    ),
    "webhook": (
        {"url": "https://c", "method": "post", "secret": ["name=a,value=aHVzaA=="], "body": "eA=="},
        {"method": "put"},
        "body",
    ),
}


@pytest.fixture
def nodes() -> Nodes:
    return Nodes()


def content(nodes: Nodes, file: str) -> str:
    return str(nodes.ask("GET", f"/store/files/{file}").data["content"])


@pytest.mark.parametrize("kind", KINDS)
def test_endpoints_keep_their_secrets_apart(nodes: Nodes, kind: str) -> None:
    given, changed, taken = KINDS[kind]
    path, secrets = f"{PATH}/endpoints/{kind}", ("token", "password", "secret")
    nodes.ask("POST", path, {"name": "there", **given})
    open_ = {key: value for key, value in given.items() if key not in secrets}
    found = nodes.ask("GET", f"{path}/there").data
    digest = found.pop("digest", None)
    assert found == {"name": "there", **open_}
    assert "hush" not in content(nodes, "notifications.cfg")
    if open_ != given:
        assert "there" in content(nodes, "priv/notifications.cfg")
    again = nodes.ask("POST", path, {"name": "there", **given})
    assert again.body["code"] == "exists"
    change = {**changed, "delete": [taken]}
    nodes.ask("PUT", f"{path}/there", {**change, **({"digest": digest} if digest else {})})
    found = nodes.ask("GET", f"{path}/there").data
    assert changed.items() <= found.items()
    assert taken not in found
    nodes.ask("DELETE", f"{path}/there")
    assert nodes.ask("GET", f"{path}/there").body["code"] == "missing"
    assert "hush" not in content(nodes, "priv/notifications.cfg") if open_ != given else True


def test_mail_to_root_is_there_from_the_beginning(nodes: Nodes) -> None:
    def origins() -> dict[str, str]:
        return {row["name"]: row["origin"] for row in nodes.ask("GET", f"{PATH}/targets").data}

    assert origins() == {"mail-to-root": "builtin"}
    (matcher,) = nodes.ask("GET", f"{PATH}/matchers").data
    assert (matcher["target"], matcher["origin"]) == (["mail-to-root"], "builtin")
    nodes.ask("PUT", f"{PATH}/endpoints/sendmail/mail-to-root", {"disable": 1})
    assert origins() == {"mail-to-root": "modified-builtin"}
    found = nodes.ask("GET", f"{PATH}/endpoints/sendmail/mail-to-root").data
    assert (found["disable"], found["mailto-user"]) == (1, ["root@pam"])
    taken = nodes.ask("POST", f"{PATH}/endpoints/sendmail", {"name": "mail-to-root"})
    assert taken.body["code"] == "exists"


def test_matchers_name_targets_that_there_are(nodes: Nodes) -> None:
    path = f"{PATH}/matchers"
    wrong = nodes.ask("POST", path, {"name": "backups", "target": ["nobody"]})
    assert list(wrong.errors) == ["target"]
    nodes.ask("POST", f"{PATH}/endpoints/sendmail", {"name": "team", "mailto": ["a@b.example"]})
    rule = {"match-field": ["exact:type=vzdump", "exact:hostname=n1"], "mode": "any"}
    nodes.ask("POST", path, {"name": "backups", "target": ["team"], **rule})
    found = nodes.ask("GET", f"{path}/backups").data
    assert rule.items() <= found.items()
    used = nodes.ask("DELETE", f"{PATH}/endpoints/sendmail/team")
    assert "used by: backups" in used.reason
    nodes.ask("PUT", f"{path}/backups", {"delete": ["target", "mode"], "invert-match": 1})
    found = nodes.ask("GET", f"{path}/backups").data
    assert ("target" in found, found["invert-match"]) == (False, 1)
    nodes.ask("DELETE", f"{PATH}/endpoints/sendmail/team")
    values = nodes.ask("GET", f"{PATH}/matcher-field-values").data
    assert {"field": "type", "value": "vzdump"} in values
    assert len(nodes.ask("GET", f"{PATH}/matcher-fields").data) == 3


def test_cpu_models(nodes: Nodes) -> None:
    path = "/cluster/qemu/custom-cpu-models"
    given = {"cputype": "fast", "reported-model": "host", "flags": "+aes;-pcid", "hidden": 1}
    nodes.ask("POST", path, given)
    found = nodes.ask("GET", f"{path}/fast").data
    found.pop("digest")
    assert found == given
    nodes.ask("PUT", f"{path}/fast", {"delete": "flags", "level": 7})
    assert nodes.ask("GET", path).data[0]["level"] == 7
    assert list(nodes.ask("POST", path, {"cputype": "slow"}).errors) == ["reported-model"]
    nodes.ask("DELETE", f"{path}/fast")
    assert nodes.ask("GET", path).data == []
