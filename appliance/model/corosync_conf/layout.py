"""What a corosync.conf says: nodes, links, votes, timings, quorum device."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from appliance.model.corosync_conf.syntax import FILE, Section, parse_tree, write_tree
from appliance.model.errors import ConfigError

MAX_LINK: Final = 7
TOKEN_MS: Final = 3000
TOKEN_COEFFICIENT_MS: Final = 650
_ADDRESS = re.compile(r"(?:ring|link)([0-9]+)_addr", re.ASCII)
_NUMBER = re.compile(r"[0-9]+", re.ASCII)
_TRUE: Final = frozenset({"yes", "on", "1", "true"})


@dataclass(frozen=True, slots=True)
class ConfNode:
    """A configured node. addresses: link number -> IP address or host name.

    node_id is 0 where the file gives none: corosync then makes one from the address.
    """

    name: str
    node_id: int
    votes: int = 1
    addresses: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QuorumDevice:
    """An external vote, counted by corosync-qnetd on `host`.

    votes: 1 for ffsplit, one less than there are nodes for lms. timeout_ms and sync_timeout_ms: how
    long corosync waits for the device's vote, at other times and while membership changes.
    """

    host: str
    algorithm: str = "ffsplit"
    tls: str = "on"
    votes: int = 1
    timeout_ms: int = 10_000
    sync_timeout_ms: int = 30_000


@dataclass(frozen=True, slots=True)
class CorosyncConf:
    """A corosync.conf. Values are read when asked for: ConfigError names file, line and field."""

    root: Section
    file: str = field(default=FILE, compare=False)

    @property
    def totem(self) -> Section:
        return self.root.section("totem") or Section("totem")

    @property
    def quorum(self) -> Section:
        return self.root.section("quorum") or Section("quorum")

    @property
    def version(self) -> int:
        """config_version: of two files the one with the greater holds."""
        return self.number(self.totem, "config_version", 0)

    @property
    def cluster_name(self) -> str:
        return self.totem.get("cluster_name") or ""

    @property
    def transport(self) -> str:
        return self.totem.get("transport") or "knet"

    @property
    def token_ms(self) -> int:
        """How long the token may stay away: the base value plus its share for many nodes."""
        base = self.number(self.totem, "token", TOKEN_MS)
        coefficient = self.number(self.totem, "token_coefficient", TOKEN_COEFFICIENT_MS)
        return base + max(0, len(self.node_sections()) - 2) * coefficient

    def node_sections(self) -> tuple[Section, ...]:
        """The raw sections of all nodes, in the order of the file."""
        lists = self.root.sections("nodelist")
        return tuple(node for nodelist in lists for node in nodelist.sections("node"))

    def nodes(self) -> tuple[ConfNode, ...]:
        """All nodes, sorted by name."""
        found = (self._node(section) for section in self.node_sections())
        return tuple(sorted(found, key=lambda node: node.name))

    def node(self, name: str) -> ConfNode | None:
        return next((node for node in self.nodes() if node.name == name), None)

    def links(self) -> tuple[int, ...]:
        """Numbers of the links that any node has an address on, sorted."""
        return tuple(sorted({link for node in self.nodes() for link in node.addresses}))

    def interfaces(self) -> Mapping[int, Section]:
        """The interface sections by their link number."""
        found = {}
        for section in self.totem.sections("interface"):
            key = "linknumber" if section.get("linknumber") else "ringnumber"
            found[self.number(section, key, 0)] = section
        return dict(sorted(found.items()))

    def flag(self, key: str) -> bool:
        """A switch of the quorum section, such as `two_node`."""
        return (self.quorum.get(key) or "").lower() in _TRUE

    def device(self) -> QuorumDevice | None:
        section = self.quorum.section("device")
        if section is None:
            return None
        net = section.section("net") or Section("net")
        default = QuorumDevice("")
        return QuorumDevice(
            host=net.get("host") or "",
            algorithm=net.get("algorithm") or "",
            tls=net.get("tls") or default.tls,
            votes=self.number(section, "votes", default.votes),
            timeout_ms=self.number(section, "timeout", default.timeout_ms),
            sync_timeout_ms=self.number(section, "sync_timeout", default.sync_timeout_ms),
        )

    def number(self, section: Section, key: str, default: int) -> int:
        """A whole number that stands in a section, or the default."""
        entry = section.entry(key)
        if entry is None:
            return default
        if not _NUMBER.fullmatch(entry.value):
            raise ConfigError(
                f"'{entry.value}' is no whole number",
                file=self.file,
                line=entry.line or None,
                field=f"{section.name}.{key}",
            )
        return int(entry.value)

    def text(self) -> str:
        return write_tree(self.root)

    # changed copies

    def with_section(self, section: Section) -> CorosyncConf:
        """With this top section in place of those of its name."""
        root = self.root.with_sections(section.name, (section,))
        return replace(self, root=root)

    def with_nodes(self, sections: tuple[Section, ...]) -> CorosyncConf:
        """With exactly these raw node sections."""
        nodelist = self.root.section("nodelist") or Section("nodelist")
        return self.with_section(nodelist.with_sections("node", sections))

    def bumped(self) -> CorosyncConf:
        """With the next version, which every change needs."""
        totem = self.totem.with_value("config_version", str(self.version + 1))
        return self.with_section(totem)

    def _node(self, section: Section) -> ConfNode:
        addresses = link_addresses(section)
        return ConfNode(
            name=section_name(section),
            node_id=self.number(section, "nodeid", 0),
            votes=self.number(section, "quorum_votes", 1),
            addresses=dict(sorted((link, address) for link, (_, address) in addresses.items())),
        )


def section_name(section: Section) -> str:
    """What a node is called: old files have no name but the first address."""
    return section.get("name") or section.get("ring0_addr") or ""


def link_addresses(section: Section) -> dict[int, tuple[str, str]]:
    """link number -> (key, address) of a raw node section."""
    found = {}
    for entry in section.entries():
        match = _ADDRESS.fullmatch(entry.key)
        if match:
            found[int(match[1])] = (entry.key, entry.value)
    return found


def parse_corosync_conf(text: str, *, file: str = FILE) -> CorosyncConf:
    """Read a corosync.conf. ConfigError with file and line where it breaks the form.

    What the values mean is not judged here, see `findings` and `problems`. Top sections that are
    repeated become one, as they are for corosync.
    """
    root = parse_tree(text, file=file)
    for name in ("totem", "nodelist", "quorum"):
        root = _merged(root, name)
    return CorosyncConf(root, file)


def _merged(root: Section, name: str) -> Section:
    parts = root.sections(name)
    if len(parts) < 2:
        return root
    first = parts[0]
    whole = replace(
        first,
        items=tuple(item for part in parts for item in part.items),
        comments=tuple(line for part in parts for line in part.comments),
        tail=tuple(line for part in parts for line in part.tail),
    )
    return root.with_sections(name, (whole,))
