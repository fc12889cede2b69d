"""The agent inside a simulated virtual machine: what its system would answer."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from appliance.model.errors import ConfigError, RefusedError
from appliance.model.guest.config import Settings
from appliance.model.guest.devices import drives, nics
from appliance.model.guest.document import GuestKind
from appliance.model.guest.running import GuestInterface
from sim.clock import WORLD_BEGAN_S
from sim.layout import GuestSpec

AGENT_AFTER_S: Final = 8.0  # of the start; then its system is up
_VERSION: Final = "9.2.0"
_BLOCK_BYTES: Final = 128 * 1024**2


def addresses_of(kind: GuestKind, sid: str, settings: Settings) -> tuple[GuestInterface, ...]:
    """The network interfaces as its system has set them up: as configured, or by a made-up DHCP."""
    found = [GuestInterface("lo", "00:00:00:00:00:00", ("127.0.0.1/8", "::1/128"))]
    for number, nic in enumerate(nics(kind, settings)):
        mac = (nic.mac or "").lower()
        given = settings.get(f"ipconfig{nic.key.removeprefix('net')}") if kind == "vm" else None
        values = _pairs(given) if given else nic.values
        addresses = [_address(sid, mac, str(values.get("ip") or ("dhcp" if kind == "vm" else "")))]
        if str(values.get("ip6") or "") not in ("", "dhcp", "auto", "manual"):
            addresses.append(str(values["ip6"]))
        name = nic.name or f"eth{number}"
        found.append(GuestInterface(name, mac, tuple(one for one in addresses if one)))
    return tuple(found)


def _pairs(text: str) -> Mapping[str, object]:
    return {key: value for key, _, value in (part.partition("=") for part in text.split(","))}


def _address(sid: str, mac: str, configured: str) -> str:
    if configured not in ("dhcp", "", "manual"):
        return configured
    if configured != "dhcp":
        return ""
    digest = hashlib.sha256(f"{sid} {mac}".encode()).digest()
    return f"10.{digest[0]}.{digest[1]}.{digest[2] % 253 + 2}/16"


class SimAgent:
    """Of one process of a guest. What is written to it is gone with it."""

    def __init__(self, sid: str) -> None:
        self.sid = sid
        self._frozen = False
        self._files: dict[str, bytes] = {}
        self._ended: dict[int, dict[str, Any]] = {}

    def answer(
        self,
        command: str,
        arguments: Mapping[str, Any],
        settings: Settings,
        spec: GuestSpec,
        now_s: float,
    ) -> Any:
        """RefusedError for what it cannot do."""
        simple: dict[str, Callable[[], Any]] = {
            "ping": dict,
            "info": lambda: {"version": _VERSION, "supported_commands": _supported()},
            "get-osinfo": lambda: _OS,
            "get-host-name": lambda: {"host-name": self._name(settings)},
            "get-time": lambda: int((WORLD_BEGAN_S + now_s) * 1e9),
            "get-timezone": lambda: {"zone": "UTC", "offset": 0},
            "get-users": list,
            "get-vcpus": lambda: [
                {"logical-id": n, "online": True, "can-offline": n > 0} for n in range(spec.cpus)
            ],
            "get-memory-block-info": lambda: {"size": _BLOCK_BYTES},
            "get-memory-blocks": lambda: [
                {"phys-index": n, "online": True, "can-offline": False}
                for n in range(max(1, spec.memory_bytes // _BLOCK_BYTES))
            ],
            "get-fsinfo": lambda: _file_systems(settings),
            "network-get-interfaces": lambda: _interfaces(self.sid, settings),
            "fsfreeze-status": lambda: "frozen" if self._frozen else "thawed",
            "fstrim": lambda: {"paths": [{"path": "/", "trimmed": 0, "minimum": 0}]},
        }
        if command in simple:
            return simple[command]()
        return self._changing(command, arguments, settings)

    def _name(self, settings: Settings) -> str:
        return settings.get("name") or f"vm{self.sid.partition(':')[2]}"

    def _changing(self, command: str, arguments: Mapping[str, Any], settings: Settings) -> Any:
        match command:
            case "fsfreeze-freeze" | "fsfreeze-thaw":
                self._frozen = command == "fsfreeze-freeze"
                return 1
            case "set-user-password":
                return {}
            case "exec":
                return {"pid": self._run(arguments, settings)}
            case "exec-status":
                return self._status(int(arguments["pid"]))
            case "file-read":
                return self._read(str(arguments["file"]), settings)
            case "file-write":
                self._files[str(arguments["file"])] = bytes(arguments["content"])
                return {}
        raise RefusedError(f"the guest agent does not know '{command}'")

    def _run(self, arguments: Mapping[str, Any], settings: Settings) -> int:
        """A system of few words: it has no shell to speak of."""
        words = [str(word) for word in arguments.get("command", ())]
        if not words:
            raise ConfigError("needs a program to run", field="command")
        output: bytes | None = None
        match words[0].rpartition("/")[2]:
            case "true" | "sleep":
                output = b""
            case "echo":
                output = " ".join(words[1:]).encode() + b"\n"
            case "hostname":
                output = self._name(settings).encode() + b"\n"
            case "cat" if len(words) == 1:
                output = bytes(arguments.get("input") or b"")
        status: dict[str, Any] = {"exited": True, "exitcode": 127 if output is None else 0}
        if output:
            status["out-data"] = base64.b64encode(output).decode()
        pid = 1000 + len(self._ended)
        self._ended[pid] = status
        return pid

    def _status(self, pid: int) -> dict[str, Any]:
        if pid not in self._ended:
            raise RefusedError(f"there is no process {pid} of the agent")
        return self._ended[pid]

    def _read(self, file: str, settings: Settings) -> bytes:
        if file == "/etc/hostname":
            return self._name(settings).encode() + b"\n"
        if file not in self._files:
            raise RefusedError(f"failed to open file '{file}': No such file or directory")
        return self._files[file]


_OS: Final = {
    "id": "debian",
    "name": "Debian GNU/Linux",
    "pretty-name": "Debian GNU/Linux 12 (bookworm)",
    "version": "12 (bookworm)",
    "version-id": "12",
    "machine": "x86_64",
    "kernel-release": "6.1.0-28-amd64",
    "kernel-version": "#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1",
}


def _supported() -> list[dict[str, Any]]:
    names = """ping info get-osinfo get-host-name get-time get-timezone get-users get-vcpus
        get-memory-blocks get-memory-block-info get-fsinfo network-get-interfaces fsfreeze-status
        fsfreeze-freeze fsfreeze-thaw fstrim set-user-password exec exec-status file-open"""
    return [
        {"name": f"guest-{name}", "enabled": True, "success-response": True}
        for name in sorted(names.split())
    ]


def _file_systems(settings: Settings) -> list[dict[str, Any]]:
    sizes = [drive.size_bytes for drive in drives(settings) if not drive.cdrom]
    if not sizes or sizes[0] is None:
        return []
    used = {"total-bytes": sizes[0], "used-bytes": sizes[0] // 3}
    return [{"name": "sda1", "mountpoint": "/", "type": "ext4", "disk": [], **used}]


def _interfaces(sid: str, settings: Settings) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "hardware-address": one.mac,
            "ip-addresses": [
                {
                    "ip-address": address.partition("/")[0],
                    "ip-address-type": "ipv6" if ":" in address else "ipv4",
                    "prefix": int(address.partition("/")[2] or 32),
                }
                for address in one.addresses
            ],
        }
        for one in addresses_of("vm", sid, settings)
    ]
