"""A node's own configuration: names, time, network. Read and changed through `NodeSystem`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from appliance.model.digest import check_digest, digest_of
from appliance.model.errors import ConfigError, ExistsError, MissingError
from appliance.model.formats.network import is_ip
from appliance.model.formats.times import is_timezone
from appliance.model.network.interfaces import (
    HEADER,
    Iface,
    Interfaces,
    parse_interfaces,
    write_interfaces,
)
from appliance.model.parameters import ParameterError
from appliance.ports.node_system import (
    HOSTS,
    INTERFACES,
    NEW_INTERFACES,
    RESOLVER,
    TIMEZONE,
    NodeSystem,
)

_SERVERS: Final = 3
_MANY: Final = ("bridge_ports", "slaves", "ovs_ports", "ovs_bonds", "bridge_vids")
_BRIDGES: Final = ("bridge", "OVSBridge")


# names


async def read_dns(system: NodeSystem) -> dict[str, str]:
    """`search` and `dns1` to `dns3`."""
    found: dict[str, str] = {}
    count = 0
    for words in map(str.split, (await system.read(RESOLVER)).splitlines()):
        if len(words) < 2:
            continue
        if words[0] in ("search", "domain"):
            found["search"] = words[1]
        elif words[0] == "nameserver" and is_ip(words[1]) and count < _SERVERS:
            count += 1
            found[f"dns{count}"] = words[1]
    return found


async def write_dns(system: NodeSystem, given: Mapping[str, str]) -> None:
    """Servers that are not given are gone; other lines stay."""
    search = given["search"]
    if len(search.split()) != 1:
        raise ConfigError("must be one domain", field="search")
    kept = [
        line
        for line in (await system.read(RESOLVER)).splitlines()
        if line.split()[:1] not in (["search"], ["domain"], ["nameserver"])
    ]
    servers = [given[key] for key in ("dns1", "dns2", "dns3") if key in given]
    lines = [f"search {search}", *(f"nameserver {server}" for server in servers), *kept]
    await system.write(RESOLVER, "".join(f"{line}\n" for line in lines))


async def read_hosts(system: NodeSystem) -> dict[str, str]:
    text = await system.read(HOSTS)
    return {"data": text, "digest": digest_of(text)}


async def write_hosts(system: NodeSystem, text: str, digest: str | None) -> None:
    """StaleError; ConfigError for a line that is neither empty, comment, nor address and names."""
    check_digest(await system.read(HOSTS), digest)
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        if words and (len(words) < 2 or not is_ip(words[0])):
            raise ConfigError(f"line {number} is no address with names", field="data")
    await system.write(HOSTS, text)


# time


async def read_time(system: NodeSystem, now_s: float) -> dict[str, Any]:
    """`localtime` is what a clock on the wall shows, as if it were UTC."""
    name = (await system.read(TIMEZONE)).strip() or "UTC"
    zone = _zone(name)
    offset = datetime.fromtimestamp(now_s, UTC).astimezone(zone).utcoffset()
    seconds = int(offset.total_seconds()) if offset is not None else 0
    return {"timezone": name, "time": int(now_s), "localtime": int(now_s) + seconds}


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(f"there is no time zone '{name}'", field="timezone") from None


async def write_timezone(system: NodeSystem, name: str) -> None:
    """ConfigError for none that there is."""
    if not is_timezone(name):
        raise ConfigError(f"'{name}' is no time zone", field="timezone")
    _zone(name)
    await system.write(TIMEZONE, f"{name}\n")


# network


class Network:
    """The interfaces of a node: as they are, and as they shall be from the next reload on."""

    def __init__(self, system: NodeSystem) -> None:
        self._system = system

    def _links(self) -> dict[str, str]:
        return {name: link.kind for name, link in self._system.links().items()}

    async def _read(self) -> tuple[Interfaces, str]:
        """What is wanted, and how it differs from what is in force."""
        current = await self._system.read(INTERFACES)
        new = await self._system.read(NEW_INTERFACES)
        text = new or current
        return parse_interfaces(text, self._links()), _difference(current, text)

    async def rows(self, kind: str | None) -> tuple[list[dict[str, Any]], str]:
        """Without the loopback; with the changes that wait, as text."""
        found, changes = await self._read()
        links = self._system.links()
        rows = []
        for name, iface in sorted(found.ifaces.items()):
            if name == "lo" or not _wanted(iface, kind):
                continue
            up = name in links and links[name].up
            rows.append({"iface": name, **shown(iface), **({"active": 1} if up else {})})
        return rows, changes

    async def row(self, name: str) -> dict[str, Any]:
        """MissingError."""
        found, _changes = await self._read()
        if name not in found.ifaces:
            raise _missing(name)
        return shown(found.ifaces[name])

    async def create(self, name: str, given: Mapping[str, Any]) -> None:
        """ExistsError unless it is a card that stands in no file yet."""
        found, _changes = await self._read()
        there = found.ifaces.get(name)
        if there is not None and "priority" in there:
            raise ExistsError(f"interface '{name}' already exists")
        iface: Iface = {"families": ["inet"]}
        await self._put(found, name, iface, given)

    async def update(self, name: str, given: Mapping[str, Any], delete: Iterable[str]) -> None:
        """MissingError."""
        found, _changes = await self._read()
        if name not in found.ifaces:
            raise _missing(name)
        iface = found.ifaces[name]
        for key in delete:
            for gone in _GOES_WITH.get(key, (key,)):
                iface.pop(gone, None)
        await self._put(found, name, iface, given)

    async def _put(
        self, found: Interfaces, name: str, iface: Iface, given: Mapping[str, Any]
    ) -> None:
        check_iface(name, given, {**iface, **given}, found.ifaces)
        for six in ("", "6"):
            if given.get(f"cidr{six}"):
                iface.pop(f"netmask{six}", None)
                iface[f"address{six}"] = given[f"cidr{six}"]
            elif given.get(f"address{six}"):
                iface.pop(f"cidr{six}", None)
        iface |= {k: v for k, v in given.items() if not k.startswith("cidr")}
        for six in ("", "6"):
            has = bool(iface.get(f"address{six}"))
            before = iface.get(f"method{six}", "manual")
            if has or before == "static":
                iface[f"method{six}"] = "static" if has else "manual"
        found.ifaces[name] = iface
        await self._system.write(NEW_INTERFACES, HEADER + write_interfaces(found))

    async def remove(self, name: str) -> None:
        """MissingError. A card stays, without its configuration."""
        found, _changes = await self._read()
        if name not in found.ifaces or name == "lo":
            raise _missing(name)
        del found.ifaces[name]
        for iface in found.ifaces.values():
            if name in str(iface.get("ovs_ports") or "").split():
                left = [port for port in str(iface["ovs_ports"]).split() if port != name]
                iface["ovs_ports"] = " ".join(left)
        await self._system.write(NEW_INTERFACES, HEADER + write_interfaces(found))

    async def revert(self) -> None:
        await self._system.write(NEW_INTERFACES, "")

    async def apply(self) -> None:
        """Put what waits in force. When it cannot be, all is as it was and still waits."""
        current, new = await self._system.read(INTERFACES), await self._system.read(NEW_INTERFACES)
        if new:
            await self._system.write(INTERFACES, new)
        try:
            await self._system.reload_network()
        except Exception:
            await self._system.write(INTERFACES, current)
            raise
        await self._system.write(NEW_INTERFACES, "")


def _addressing(
    six: str,
    name: str,
    given: Mapping[str, Any],
    whole: Mapping[str, Any],
    others: Mapping[str, Iface],
) -> dict[str, str]:
    """Of one IP version; six: what its parameters end with."""
    errors = {}
    cidr, address, gateway = (given.get(f"{key}{six}") for key in ("cidr", "address", "gateway"))
    if cidr and address and str(cidr).partition("/")[0] != address:
        errors[f"address{six}"] = f"is another than in cidr{six}"
    taken = [n for n, one in others.items() if n != name and one.get(f"gateway{six}")]
    if gateway and taken:
        errors[f"gateway{six}"] = f"a default gateway is set on '{taken[0]}' already"
    elif gateway and not whole.get(f"cidr{six}") and not whole.get(f"address{six}"):
        errors[f"gateway{six}"] = "needs an address"
    return errors


_GOES_WITH: Final = {
    "cidr": ("cidr", "address", "netmask"),
    "address": ("cidr", "address", "netmask"),
    "cidr6": ("cidr6", "address6", "netmask6"),
    "address6": ("cidr6", "address6", "netmask6"),
}


def shown(iface: Iface) -> dict[str, Any]:
    """As answers have it: place and numbers as numbers."""
    row = {key: value for key, value in iface.items() if value not in (None, "")}
    for key in ("mtu", "vlan-id", "ovs_tag", "bridge-access"):
        if str(row.get(key, "")).isdecimal():
            row[key] = int(row[key])
    if "netmask6" in row:
        row["netmask6"] = int(row["netmask6"])
    return row


def _wanted(iface: Iface, kind: str | None) -> bool:
    if kind in (None, "include_sdn"):
        return True
    if kind in ("any_bridge", "any_local_bridge"):
        return iface["type"] in _BRIDGES
    return bool(iface["type"] == kind)


def _missing(name: str) -> MissingError:
    return MissingError(f"interface '{name}' does not exist")


def check_iface(
    name: str, given: Mapping[str, Any], whole: Mapping[str, Any], others: Mapping[str, Iface]
) -> None:
    """ParameterError for what cannot be, with its parameter."""
    errors = {**_addressing("", name, given, whole, others)}
    errors |= _addressing("6", name, given, whole, others)
    for key in ("bridge_ports", "slaves"):
        for port in str(given.get(key) or "").split():
            if port != "none" and port not in others:
                errors[key] = f"interface '{port}' does not exist"
            elif port == name:
                errors[key] = "cannot be in itself"
    if errors:
        raise ParameterError(errors)


def _difference(before: str, after: str) -> str:
    """The lines that go and come, marked - and +; empty for none."""
    if before == after:
        return ""
    old, new = before.splitlines(), after.splitlines()
    gone = [f"-{line}" for line in old if line.strip() and line not in new]
    come = [f"+{line}" for line in new if line.strip() and line not in old]
    return "".join(f"{line}\n" for line in (*gone, *come))
