"""The options of a virtual machine: qemu-server/<vmid>.conf."""

from __future__ import annotations

from dataclasses import replace

from appliance.model.formats.guest import BOOT_DISK, CPU_SET, HOTPLUG, STARTUP
from appliance.model.formats.names import CONFIG_ID, STORAGE_ID, TAG
from appliance.model.formats.network import ADDRESS, DNS_NAME
from appliance.model.formats.storage import VOLUME_ID
from appliance.model.formats.times import URL_ENCODED
from appliance.model.option import Option
from appliance.model.option_table import OptionTable
from appliance.model.options import cpu, drives
from appliance.model.options import vm_devices as devices
from appliance.model.options.make import flag, number, text, whole, word, words
from appliance.model.property_string import Properties

KEYBOARDS = """
    de de-ch da en-gb en-us es fi fr fr-be fr-ca fr-ch hu is it ja lt mk nl no pl pt pt-br sv sl tr
"""
LOCKS = "backup clone create migrate rollback snapshot snapshot-delete suspending suspended"
_OSTYPES = "other wxp w2k w2k3 w2k8 wvista win7 win8 win10 win11 l24 l26 solaris"
_SCSI_CARDS = "lsi lsi53c810 virtio-scsi-pci virtio-scsi-single megasas pvscsi"
_UUID_OR_BIT = r"(?:[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}|[01])"
_START_DATE = r"(now|\d{4}-\d{1,2}-\d{1,2}(T\d{1,2}:\d{1,2}:\d{1,2})?)"

# What a guest of either kind has.
SHARED_OPTIONS = (
    text("tags", "Words to find and group guests by.", TAG, many=True, joint=";", empty=True),
    text("startup", "Its place in the order of start and stop, and how long to wait.", STARTUP),
    flag("onboot", "Whether it is started when its node has booted.", False),
    flag("protection", "Whether it and its disks cannot be removed.", False),
    flag("template", "Whether it is a template, which is cloned and never started.", False),
    text("parent", "The snapshot that it goes back to.", CONFIG_ID, max_length=40),
    whole("snaptime", "When the snapshot was made, seconds since 1970.", 0),
    text("hookscript", "A script that is called when it starts and stops.", VOLUME_ID),
    text("description", "Notes about the guest.", max_length=8192, empty=True),
)

_PROCESSOR = (
    flag("acpi", "Whether the guest has ACPI.", True),
    text("affinity", "The CPUs of the host that its processes run on.", CPU_SET),
    text("arch", "The architecture of the processor.", choices=("x86_64", "aarch64")),
    whole("cores", "Cores of each socket.", 1, default=1),
    text("cpu", "The CPU model that the guest sees, with flags.", cpu.CPU),
    number("cpulimit", "How much of the host's CPUs it may use; 0 is all.", 0, 128, 0, unit="CPUs"),
    whole("cpuunits", "Its weight against other guests, 100 where not given.", 1, 262144),
    flag("kvm", "Whether the host's processor runs the guest's code.", True),
    flag("numa", "Whether the guest sees NUMA nodes.", False),
    text("numa", "One NUMA node of the guest.", devices.NUMA_NODE, last=7),
    whole("smp", "Older: how many CPUs; sockets and cores are used now.", 1, default=1),
    whole("sockets", "Sockets of the processor.", 1, default=1),
    whole("vcpus", "CPUs that are plugged in at start; all if not given.", 1),
    text("amd-sev", "Memory encryption by AMD processors.", devices.AMD_SEV),
    text("intel-tdx", "Memory encryption by Intel processors.", devices.INTEL_TDX),
)
_MEMORY = (
    flag("allow-ksm", "Whether the host may merge equal pages of memory.", True),
    whole(
        "balloon", "Memory that is left when the host needs some; 0 is no balloon.", 0, unit="MiB"
    ),
    word("hugepages", "Whether memory comes in huge pages of so many MiB.", "any 2 1024"),
    text("ivshmem", "Memory shared with the host.", devices.SHARED_MEMORY),
    flag("keephugepages", "Whether huge pages are kept when the guest stops.", False),
    text("memory", "The memory.", devices.MEMORY),
    whole("shares", "Its weight when memory is taken back; 0 is never.", 0, 50000, 1000),
)
_BOOT = (
    flag("autostart", "Has no effect any more.", False),
    word("bios", "The firmware.", "seabios ovmf", "seabios"),
    text("boot", "The order of boot devices.", devices.BOOT),
    text("bootdisk", "Older: the disk to boot from; boot is used now.", BOOT_DISK,
         pattern=r"(ide|sata|scsi|virtio)\d+"),
    flag("freeze", "Whether the CPU waits at start until it is told to go on."),
    flag("localtime", "Whether the clock shows local time; it does for Windows guests."),
    text("machine", "The machine that the guest sees.", devices.MACHINE),
    word("ostype", "What runs in it, so that settings fit.", _OSTYPES, "other"),
    flag("reboot", "Whether it may reboot; otherwise it stops.", True),
    text("startdate", "The time on the clock at start.", pattern=_START_DATE, default="now"),
    flag("tdf", "Has no effect any more: drift of the clock.", False),
    text("vmgenid", "The id that changes when it is copied; 1 makes one, 0 is none.",
         pattern=_UUID_OR_BIT),
    text("smbios1", "What the guest reads about its machine.", devices.SMBIOS, max_length=512),
)  # fmt: skip
_DEVICES = (
    text("agent", "The guest agent.", devices.AGENT),
    text("audio", "A sound card.", devices.AUDIO, last=0),
    text("cdrom", "Another name of ide2.", drives.CDROM),
    text("efidisk", "The disk of the firmware's variables.", drives.EFI_DISK, last=0),
    text("hostpci", "A PCI device of the host.", devices.HOSTPCI, last=15),
    text("hotplug", "What can be changed while it runs.", HOTPLUG, default="network,disk,usb"),
    text("ide", "An IDE drive.", drives.IDE, last=3),
    word("keyboard", "The layout of the keyboard in the console.", KEYBOARDS),
    text("net", "A network card.", devices.NET, last=31),
    text("parallel", "A parallel port of the host.", last=2,
         pattern=r"/dev/parport\d+|/dev/usb/lp\d+"),
    text("rng", "A source of randomness.", devices.RNG, last=0),
    text("sata", "A SATA drive.", drives.SATA, last=5),
    text("scsi", "A SCSI drive.", drives.SCSI, last=30),
    word("scsihw", "The SCSI controller that the guest sees.", _SCSI_CARDS, "lsi"),
    text("serial", "A serial port: a device of the host or a socket.", last=3,
         pattern=r"(/dev/[^,]+|socket)"),
    text("spice_enhancements", "What the SPICE console offers.", devices.SPICE),
    flag("tablet", "Whether the pointer is a tablet, which follows the mouse exactly.", True),
    text("tpmstate", "The disk of the TPM's state.", drives.TPM_STATE, last=0),
    text("unused", "A volume of the guest that is plugged in nowhere.", drives.UNUSED_DISK,
         last=255),
    text("usb", "A USB device.", devices.USB, last=13),
    text("vga", "The display.", devices.VGA),
    text("virtio", "A VirtIO drive.", drives.VIRTIO, last=15),
    text("virtiofs", "A directory of the host.", devices.VIRTIOFS, last=9),
    text("watchdog", "A watchdog of the guest.", devices.WATCHDOG),
)  # fmt: skip
CLOUDINIT_OPTIONS = (
    text("cicustom", "Files in place of those that are made for cloud-init.", devices.CICUSTOM),
    text("cipassword", "The password of the user.", secret=True),
    word("citype", "The form of the cloud-init drive.", "configdrive2 nocloud opennebula"),
    flag("ciupgrade", "Whether packages are upgraded at the first boot.", True),
    text("ciuser", "The user that is set up in place of the image's own."),
    text("ipconfig", "The addresses of one network card.", devices.IPCONFIG, last=31),
    text("nameserver", "Name servers.", ADDRESS, many=True, joint=" "),
    text("searchdomain", "Domains that names are looked up in."),
    text("sshkeys", "Public keys of the user, one a line.", URL_ENCODED),
)
_STATE = (
    text("args", "Arguments for QEMU itself."),
    word("lock", "What is being done to the guest, so that nothing else is.", LOCKS),
    text("meta", "How and when the guest was made.", devices.META),
    number("migrate_downtime", "How long it may stand still in a migration.", 0, default=0.1,
           unit="seconds"),
    whole("migrate_speed", "At most so much is sent in a migration; 0 is no limit.", 0, default=0,
          unit="MB per second"),
    text("name", "The name of the guest.", DNS_NAME),
    text("running-nets-host-mtu", "MTUs of the cards while it ran, for the snapshot.",
         pattern=r"net\d+=\d+(,net\d+=\d+)*"),
    text("runningcpu", "The CPU while it ran, for the snapshot.",
         pattern=r"(?:^((?>[+-]?[\w\-\._=]+,?)+)$)"),
    text("runningmachine", "The machine while it ran, for the snapshot.", devices.MACHINE),
    text("vmstate", "The volume with the memory of the snapshot.", VOLUME_ID),
    text("vmstatestorage", "Where memory is saved.", STORAGE_ID),
)  # fmt: skip


def _sorted(options: tuple[Option, ...]) -> OptionTable:
    return OptionTable(sorted(options, key=lambda option: option.name))


OPTIONS = _sorted(
    (
        *SHARED_OPTIONS,
        *_PROCESSOR,
        *_MEMORY,
        *_BOOT,
        *_DEVICES,
        *CLOUDINIT_OPTIONS,
        *_STATE,
    )
)
# Kept in the file by the appliance itself, so no call sets them.
_KEPT = frozenset(
    words("parent snaptime meta running-nets-host-mtu runningcpu runningmachine vmstate")
)
DRIVE_BUSES = ("ide", "sata", "scsi", "virtio")
# Names of keys that hold a volume, in the order in which they are looked at.
DISK_OPTIONS = (*DRIVE_BUSES, "efidisk", "tpmstate")


def _as_given(option: Option) -> Option:
    if option.name in DISK_OPTIONS and isinstance(option.format, Properties):
        return replace(option, format=drives.importing(option.format))
    return option


# What calls take: no state, and disks can be filled from elsewhere.
API_OPTIONS = OptionTable(_as_given(o) for o in OPTIONS if o.name not in _KEPT)
