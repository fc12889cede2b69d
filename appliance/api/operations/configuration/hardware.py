"""What a node has and can: devices, CPU models, machine types; and what its firewall logged."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.configuration.common import NODE_OPTION, VMID_OPTION
from appliance.api.operations.configuration.cpu_models import MODELS
from appliance.api.operations.configuration.node import log_line, system_of
from appliance.api.permissions import MODIFY, NODE_AUDIT, either, on, perm
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Permission, Request
from appliance.model.formats.form import matching
from appliance.model.option import Option
from appliance.model.options.cpu import BUILTIN_MODELS, GUEST_FLAGS, REPORTED_MODELS
from appliance.model.options.make import flag, text, whole, word
from appliance.ports.node_system import PciDevice, UsbDevice
from appliance.services.config.sections import Sections

_TYPES: Final = {"q35": "pc-q35", "i440fx": "pc-i440fx"}
# Machine types of QEMU that guests may be pinned to, newest first.
_VERSIONS: Final = ("10.1", "10.0", "9.2", "9.1", "9.0", "8.2", "8.1", "8.0", "7.2", "7.1", "7.0",
                    "6.2", "6.1", "6.0", "5.2", "5.1", "5.0")  # fmt: skip
_AMD: Final = ("EPYC", "Opteron", "athlon", "phenom")
_OF_NOBODY: Final = ("kvm", "qemu", "host", "max", "x86-64", "486")
_ARM: Final = ("a64fx", "cortex", "neoverse")
_WORD: Final = matching("string", "hexadecimal digits", r"[0-9a-fA-F]{1,6}")
_ARCH: Final = word("arch", "The architecture of guests.", "x86_64 aarch64")
_ACCEL: Final = word("accel", "How instructions are run.", "kvm tcg", "kvm")


async def _pci(request: Request, ports: ApiPorts) -> Any:
    given = request.parameters["pci-class-blacklist"]
    classes = given.split(";") if isinstance(given, str) else given
    left_out = tuple(str(one).lower() for one in classes)
    verbose = request.parameters["verbose"]
    return [
        _pci_row(one, verbose=verbose)
        for one in system_of(ports).devices().pci
        if not one.kind.removeprefix("0x").startswith(left_out)
    ]


def _pci_row(one: PciDevice, *, verbose: bool) -> dict[str, Any]:
    row = {"id": one.address, "class": one.kind, "vendor": one.vendor, "device": one.device}
    names = {"vendor_name": one.vendor_name, "device_name": one.device_name} if verbose else {}
    return {**row, **names, "iommugroup": one.iommu_group}


async def _usb(_request: Request, ports: ApiPorts) -> Any:
    return [_usb_row(one) for one in system_of(ports).devices().usb]


def _usb_row(one: UsbDevice) -> dict[str, Any]:
    return {
        "busnum": one.bus,
        "devnum": one.number,
        "port": one.port,
        "level": one.level,
        "class": one.kind,
        "vendid": one.vendor,
        "prodid": one.product,
        "manufacturer": one.maker,
        "product": one.name,
        "speed": one.speed,
        "usbpath": one.path,
    }


async def _machines(request: Request, _ports: ApiPorts) -> Any:
    if request.parameters.get("arch") == "aarch64":
        return []
    return [
        {"id": f"{prefix}-{number}", "type": kind, "version": number}
        for kind, prefix in _TYPES.items()
        for number in _VERSIONS
    ]


async def _models(request: Request, ports: ApiPorts) -> Any:
    arm = request.parameters.get("arch") == "aarch64"
    rows = [
        {"name": name, "vendor": _vendor(name), "custom": 0}
        for name in (*REPORTED_MODELS, *BUILTIN_MODELS)
        if name.startswith(_ARM) is arm or name in ("host", "max")
    ]
    own = [
        {
            "name": f"custom-{row['cputype']}",
            "vendor": _vendor(str(row.get("reported-model", "kvm64"))),
            "custom": 1,
        }
        for row in Sections(ports.store, MODELS).rows()
    ]
    return rows + own


def _vendor(name: str) -> str:
    if name.startswith(_OF_NOBODY):
        return "default"
    if name.startswith(_ARM):
        return "ARM"
    return "AuthenticAMD" if name.startswith(_AMD) else "GenuineIntel"


async def _flags(request: Request, _ports: ApiPorts) -> Any:
    if request.parameters.get("arch") == "aarch64":
        return []
    return [{"name": name} for name in GUEST_FLAGS]


async def _migration(_request: Request, _ports: ApiPorts) -> Any:
    return {"has-dbus-vmstate": 0}


# what the firewall logged

_LINES: Final = (
    whole("start", "How many lines to skip.", 0),
    whole("limit", "How many lines at most.", 0),
    whole("since", "Only from then on.", 0, unit="seconds since 1970"),
    whole("until", "Only until then.", 0, unit="seconds since 1970"),
)
_LOGGER: Final = "pvefw-logger"


async def _firewall_log(request: Request, ports: ApiPorts) -> Any:
    """Lines of a guest begin with its number."""
    given = request.parameters
    guest = f"{given['vmid']} " if "vmid" in given else ""
    lines = [
        line
        for line in system_of(ports).log()
        if line.unit == _LOGGER
        and line.text.startswith(guest)
        and given.get("since", 0) <= line.at_s <= given.get("until", line.at_s)
    ]
    start = given.get("start", 0)
    end = start + given["limit"] if given.get("limit") else None
    return [
        {"n": number, "t": log_line(line, ports.node)}
        for number, line in list(enumerate(lines, start=1))[start:end]
    ]


def _log(path: str, permission: Permission, *keys: Option) -> Operation:
    return Operation(
        "GET",
        f"/nodes/{{node}}{path}/firewall/log",
        _firewall_log,
        "What the firewall logged.",
        (NODE_OPTION, *keys, *_LINES),
        permission,
        "node",
    )


def _at(path: str, handler: Any, sentence: str, *more: Option, by: Permission,
        node: str | None = "node") -> Operation:  # fmt: skip
    whole_path = f"/nodes/{{node}}/{path}"
    return Operation("GET", whole_path, handler, sentence, (NODE_OPTION, *more), by, node)


_SCANS: Final = perm("/", "Sys.Audit", "Sys.Modify", any_of=True)
OPERATIONS: Final = (
    _at(
        "hardware/pci",
        _pci,
        "Devices on the PCI bus.",
        text("pci-class-blacklist", "Classes that are left out.", _WORD, many=True,
             default="05;06;0b"),
        flag("verbose", "Whether names are told.", True),
        by=_SCANS,
    ),
    _at("hardware/usb", _usb, "Devices on USB.", by=MODIFY),
    _at("capabilities/qemu/machines", _machines, "Types of machines.", _ARCH, by=ANY_USER),
    _at("capabilities/qemu/cpu", _models, "Models of CPUs.", _ARCH, by=ANY_USER, node=None),
    _at(
        "capabilities/qemu/cpu-flags",
        _flags,
        "Flags that guests may set.",
        _ACCEL,
        _ARCH,
        by=ANY_USER,
        node=None,
    ),
    _at("capabilities/qemu/migration", _migration, "What migrations can do.", by=NODE_AUDIT),
    Operation(
        "GET",
        "/cluster/qemu/cpu-flags",
        _flags,
        "Flags that guests may set.",
        (_ACCEL, _ARCH),
        either(
            on("/nodes", "Sys.Audit"),
            on("/mapping/cpu", "Mapping.Audit", "Mapping.Use", "Mapping.Modify", any_of=True),
        ),
    ),
    _log("", perm("/nodes/{node}", "Sys.Syslog")),
    _log("/qemu/{vmid}", perm("/vms/{vmid}", "VM.Console"), VMID_OPTION),
    _log("/lxc/{vmid}", perm("/vms/{vmid}", "VM.Console"), VMID_OPTION),
)  # fmt: skip
