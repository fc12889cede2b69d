"""corosync.conf: what is kept, what is refused, and what each change makes of it."""

from __future__ import annotations

import re

import pytest

from appliance.model.corosync_conf import (
    CorosyncConf,
    Link,
    QuorumDevice,
    add_link,
    add_node,
    create,
    findings,
    parse_corosync_conf,
    parse_link,
    problems,
    remove_device,
    remove_link,
    remove_node,
    set_device,
    set_token,
)
from appliance.model.errors import ConfigError

HAND_WRITTEN = """\
# our cluster
totem {
  version: 2
  # raised for the slow site
  token: 5000
  cluster_name: sea
  config_version: 7
  secauth: on
  interface {
    linknumber: 0
    knet_transport: sctp
  }
}
logging {
  logger_subsys {
    subsys: TOTEM
    debug: on
  }
  logger_subsys {
    subsys: QUORUM
    debug: off
  }
  to_syslog: yes
}
nodelist {
  node {
    ring0_addr: 10.0.0.2
    name: b
    nodeid: 2
    # has no fencing
    custom: kept
  }
  node {
    ring0_addr: 10.0.0.1
    name: a
    nodeid: 1
    quorum_votes: 2
  }
  # end of nodes
}
quorum {
  provider: corosync_votequorum
  two_node: 1
}
"""


def two_nodes() -> CorosyncConf:
    return parse_corosync_conf(HAND_WRITTEN)


def cluster(count: int, links: int = 1) -> CorosyncConf:
    """A cluster of nodes n1, n2, ... with addresses 10.LINK.0.NODE."""
    ends = {link: Link(f"10.{link}.0.1") for link in range(links)}
    conf = create("test", "n1", ends).bumped()
    for number in range(2, count + 1):
        addresses = {link: f"10.{link}.0.{number}" for link in range(links)}
        conf = add_node(conf, f"n{number}", addresses)
    return conf


def fields(found: tuple[ConfigError, ...]) -> list[str | None]:
    return [problem.field for problem in found]


# reading and writing


def test_values() -> None:
    conf = two_nodes()
    assert (conf.cluster_name, conf.version, conf.transport) == ("sea", 7, "knet")
    assert [(node.name, node.node_id, node.votes) for node in conf.nodes()] == [
        ("a", 1, 2),
        ("b", 2, 1),
    ]
    assert conf.links() == (0,)
    assert conf.flag("two_node")
    assert conf.token_ms == 5000


def test_the_token_grows_with_the_third_node() -> None:
    assert cluster(2).token_ms == 3000
    assert cluster(5).token_ms == 3000 + 3 * 650
    assert set_token(cluster(5), token_ms=1000, coefficient_ms=0).token_ms == 1000


def test_unknown_content_and_comments_survive() -> None:
    text = two_nodes().bumped().text()
    again = parse_corosync_conf(text)
    assert again.text() == text
    assert "    # has no fencing\n    custom: kept\n" in text
    assert "  # end of nodes\n}" in text
    assert "  # raised for the slow site\n  token: 5000\n" in text
    assert text.index("subsys: TOTEM") < text.index("subsys: QUORUM")
    assert "knet_transport: sctp" in text
    assert text.index("name: a") < text.index("name: b")


def test_repeated_top_sections_are_one() -> None:
    conf = parse_corosync_conf("totem {\nversion: 2\n}\ntotem {\nconfig_version: 3\n}\n")
    assert conf.version == 3
    assert conf.bumped().text().count("totem {") == 1


def test_of_repeated_keys_the_last_holds() -> None:
    conf = parse_corosync_conf("totem {\nconfig_version: 3\nconfig_version: 5\n}\n")
    assert conf.version == 5
    assert conf.bumped().version == 6


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("totem { version: 2 }", 1, "'{' must end its line"),
        ("totem {\nversion: 2", 1, "is not closed with '}'"),
        ("totem {\n}\n}", 3, "closes no section"),
        ("totem {\n} # end", 2, "'}' must stand alone"),
        ("totem {\nversion 2\n}", 2, "neither '<key>: <value>'"),
        ("totem {\nversion:\n}", 2, "version: needs a value"),
        ("{\n}", 1, "a section is '<name> {'"),
        ("a b {\n}", 1, "a section is '<name> {'"),
        ("totem {\nkey: " + "x" * 600 + "\n}", 2, "line of more than 510 bytes"),
    ],
)
def test_bad_lines_are_named(text: str, line: int, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)) as error:
        parse_corosync_conf(text, file="f")
    assert (error.value.file, error.value.line) == ("f", line)


def test_a_number_that_is_none_is_named_with_its_line() -> None:
    conf = parse_corosync_conf("totem {\nconfig_version: one\n}\n")
    with pytest.raises(ConfigError, match=r"corosync.conf:2: totem.config_version: 'one'"):
        _ = conf.version


# checks


def test_a_good_file_has_no_problems() -> None:
    assert problems(cluster(1)) == ()
    assert problems(cluster(5, links=3)) == ()
    assert problems(two_nodes()) == ()
    assert problems(set_device(cluster(2), "10.0.0.100")) == ()
    assert problems(set_device(cluster(3), "qnetd.example")) == ()


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("version: 2\n", "version: 3\n", "totem.version"),
        ("config_version: 4", "config_version: 0", "totem.config_version"),
        ("config_version: 4", "config_version: x", "totem.config_version"),
        ("cluster_name: test\n", "", "totem.cluster_name"),
        ("secauth: on", "secauth: on\n  transport: udpu", "totem.transport"),
        ("secauth: on", "secauth: on\n  transport: carrier", "totem.transport"),
        ("nodeid: 2", "nodeid: 1", "nodelist.nodeid"),
        ("nodeid: 2", "nodeid: 0", "nodelist.n2.nodeid"),
        ("name: n2", "name: n1", "nodelist.n1"),
        ("name: n2", "name: n_2", "nodelist.n_2"),
        ("ring0_addr: 10.0.0.2\n", "", "nodelist.n2.ring0_addr"),
        ("ring0_addr: 10.0.0.2", "ring9_addr: 10.0.0.2", "nodelist.n2.ring9_addr"),
        ("ring0_addr: 10.0.0.2", "ring0_addr: 10.0.0.1", "nodelist.n2.ring0_addr"),
        ("ring0_addr: 10.0.0.2", "ring0_addr: not,a,host", "nodelist.n2.ring0_addr"),
        ("linknumber: 0", "linknumber: 1", "nodelist.n1.ring0_addr"),
        ("corosync_votequorum", "other", "quorum.provider"),
        ("corosync_votequorum", "corosync_votequorum\n  two_node: 1", "quorum.two_node"),
    ],
)
def test_a_problem_names_its_field(old: str, new: str, field: str) -> None:
    text = cluster(4).text()
    assert old in text
    assert field in fields(problems(parse_corosync_conf(text.replace(old, new))))


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("provider", "two_node: 1\n  provider", "quorum.two_node"),
        ("provider", "last_man_standing: 1\n  provider", "quorum.last_man_standing"),
        ("provider", "auto_tie_breaker: 1\n  provider", "quorum.auto_tie_breaker"),
        ("model: net", "model: disk", "quorum.device.model"),
        ("algorithm: ffsplit", "algorithm: coin", "quorum.device.net.algorithm"),
        ("host: q", "other: q", "quorum.device.net.host"),
        ("votes: 1\n    net", "votes: 1\n    net", None),
        ("    votes: 1\n  }", "    votes: 2\n  }", "quorum.device.votes"),
    ],
)
def test_problems_of_a_quorum_device(old: str, new: str, field: str | None) -> None:
    text = set_device(cluster(2), "q").text().replace(old, new)
    found = fields(problems(parse_corosync_conf(text)))
    assert (field in found) if field else (found == [])


def test_findings_without_interfaces_compare_the_nodes() -> None:
    text = re.sub(r"  interface \{.*?\n  \}\n", "", cluster(3, links=2).text(), flags=re.DOTALL)
    good = parse_corosync_conf(text)
    assert not good.interfaces()
    assert findings(good, lambda _: ()).errors == ()
    bad = parse_corosync_conf(text.replace("    ring1_addr: 10.1.0.2\n", ""))
    assert fields(findings(bad, lambda _: ()).errors) == ["nodelist.n2.ring1_addr"]


def test_findings_follow_the_rule_of_name_resolution() -> None:
    text = cluster(1).text().replace("10.0.0.1", "host")
    conf = parse_corosync_conf(text)
    plain = parse_corosync_conf(text.replace("ipv4-6", "ipv6"))
    only_4 = {"host": ("10.0.0.1",)}
    assert len(findings(conf, lambda name: only_4[name]).warnings) == 1
    assert "no address by the rule ipv6" in str(findings(plain, lambda n: only_4[n]).warnings[0])


def test_a_file_without_encryption_is_warned_about() -> None:
    conf = parse_corosync_conf(cluster(1).text().replace("secauth: on", "secauth: off"))
    assert fields(findings(conf, lambda _: ()).warnings) == ["totem.secauth"]


# changes


def test_every_change_has_the_next_version() -> None:
    conf = cluster(2)
    changes = [
        add_node(conf, "n3", {0: "10.0.0.3"}),
        remove_node(conf, "n2"),
        add_link(conf, 1, {"n1": "10.1.0.1", "n2": "10.1.0.2"}),
        set_device(conf, "q"),
        set_token(conf, token_ms=1000),
    ]
    assert [changed.version for changed in changes] == [conf.version + 1] * len(changes)
    assert all(problems(changed) == () for changed in changes)
    assert all(parse_corosync_conf(changed.text()) == changed for changed in changes)


def test_a_new_node_gets_the_smallest_free_id() -> None:
    conf = remove_node(cluster(4), "n2")
    grown = add_node(conf, "n9", {0: "10.0.0.9"})
    node = grown.node("n9")
    assert node is not None
    assert node.node_id == 2


def test_the_third_node_ends_two_node_mode() -> None:
    grown = add_node(two_nodes(), "c", {0: "10.0.0.3"})
    assert not grown.flag("two_node")
    assert problems(grown) == ()


@pytest.mark.parametrize(
    ("name", "addresses", "node_id", "field"),
    [
        ("n2", {0: "10.0.0.9"}, None, "n2"),
        ("n_9", {0: "10.0.0.9"}, None, "n_9"),
        ("n9", {}, None, "link0"),
        ("n9", {0: "10.0.0.2"}, None, "link0"),
        ("n9", {0: "10.0.0.9", 1: "10.1.0.9"}, None, "link1"),
        ("n9", {1: "10.1.0.9"}, None, "link0"),
        ("n9", {0: "a b"}, None, "link0"),
        ("n9", {0: "10.0.0.9"}, 2, "nodeid"),
        ("n9", {0: "10.0.0.9"}, 0, "nodeid"),
    ],
)
def test_a_node_that_cannot_be_added(
    name: str, addresses: dict[int, str], node_id: int | None, field: str
) -> None:
    with pytest.raises(ConfigError) as error:
        add_node(cluster(2), name, addresses, node_id=node_id)
    assert error.value.field == field


def test_nodes_that_cannot_be_removed() -> None:
    with pytest.raises(ConfigError, match="n9: is not a node of this cluster"):
        remove_node(cluster(2), "n9")
    with pytest.raises(ConfigError, match="n1: is the last node"):
        remove_node(cluster(1), "n1")


def test_links_come_and_go() -> None:
    conf = cluster(3)
    addresses = {f"n{number}": f"10.4.0.{number}" for number in (1, 2, 3)}
    wider = add_link(conf, 4, addresses, priority=10)
    assert wider.links() == (0, 4)
    assert wider.interfaces()[4].get("knet_link_priority") == "10"
    assert [node.addresses[4] for node in wider.nodes()] == ["10.4.0.1", "10.4.0.2", "10.4.0.3"]
    back = remove_link(wider, 4)
    assert (back.links(), list(back.interfaces())) == ((0,), [0])
    assert remove_link(wider, 0).links() == (4,)


@pytest.mark.parametrize(
    ("number", "addresses", "message"),
    [
        (0, {"n1": "10.9.0.1", "n2": "10.9.0.2"}, "already has this link"),
        (1, {"n1": "10.9.0.1"}, "give an address of n2"),
        (1, {"n1": "10.9.0.1", "n2": "10.0.0.1"}, "10.0.0.1 is link 0 of n1"),
        (1, {"n1": "10.9.0.1", "n2": "10.9.0.1"}, "given for two nodes"),
        (1, {"n1": "10.9.0.1", "n2": "10.9.0.2", "n3": "10.9.0.3"}, "n3: is not a node"),
        (8, {"n1": "10.9.0.1", "n2": "10.9.0.2"}, "links are 0 to 7"),
    ],
)
def test_a_link_that_cannot_be_added(number: int, addresses: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        add_link(cluster(2), number, addresses)


def test_links_that_cannot_be_removed() -> None:
    with pytest.raises(ConfigError, match="only link"):
        remove_link(cluster(2), 0)
    with pytest.raises(ConfigError, match="does not have this link"):
        remove_link(cluster(2), 3)


def test_a_quorum_device_fits_the_number_of_nodes() -> None:
    even, odd = set_device(cluster(4), "q"), set_device(cluster(3), "q")
    assert even.device() == QuorumDevice("q", "ffsplit", votes=1)
    assert odd.device() == QuorumDevice("q", "lms", votes=2)
    assert not set_device(two_nodes(), "q").flag("two_node")
    without, device = remove_device(even)
    assert (without.device(), device.host) == (None, "q")


def test_the_number_of_nodes_stays_while_there_is_a_device() -> None:
    conf = set_device(cluster(2), "q")
    with pytest.raises(ConfigError, match="remove the quorum device first"):
        add_node(conf, "n3", {0: "10.0.0.3"})
    with pytest.raises(ConfigError, match="remove the quorum device first"):
        remove_node(conf, "n2")
    with pytest.raises(ConfigError, match="there is one already"):
        set_device(conf, "q")
    with pytest.raises(ConfigError, match="there is none"):
        remove_device(cluster(2))
    with pytest.raises(ConfigError, match="ffsplit, lms"):
        set_device(cluster(2), "q", algorithm="coin")


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "link2.address"),
        ("priority=3", "link2.address"),
        ("10.0.0.1,priority=256", "link2.priority"),
        ("10.0.0.1,colour=red", "link2.colour"),
        ("a b", "link2.address"),
    ],
)
def test_a_bad_link_argument_is_named(text: str, field: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_link(text, 2)
    assert error.value.field == field


def test_bad_arguments_of_create() -> None:
    ends = {0: Link("10.0.0.1")}
    with pytest.raises(ConfigError, match="at most 15 characters"):
        create("a-name-too-long-for-it", "n1", ends)
    with pytest.raises(ConfigError, match="host name without domain"):
        create("c", "n 1", ends)
    with pytest.raises(ConfigError, match="at least one link"):
        create("c", "n1", {})
    with pytest.raises(ConfigError, match="must not be negative"):
        create("c", "n1", ends, votes=-1)
    with pytest.raises(ConfigError, match="at least 1"):
        set_token(cluster(1), token_ms=0)
    with pytest.raises(ConfigError, match="not be negative"):
        set_token(cluster(1), coefficient_ms=-1)
