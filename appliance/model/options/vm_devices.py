"""The keys of a VM's devices other than drives: network, passed-through devices, display, TPM."""

from __future__ import annotations

from appliance.model.formats.guest import BOOT_DEVICE
from appliance.model.formats.names import CONFIG_ID
from appliance.model.formats.network import BRIDGE, IPV4, IPV4_CONFIG, IPV6, IPV6_CONFIG, MAC
from appliance.model.formats.storage import VOLUME_ID
from appliance.model.options.make import flag, number, text, whole, word, words
from appliance.model.property_string import Properties, ValueKeys

NET_MODELS = words(
    """
    e1000 e1000-82540em e1000-82544gc e1000-82545em e1000e i82551 i82557b i82559er ne2k_isa
    ne2k_pci pcnet rtl8139 virtio vmxnet3
    """
)
_PCI = r"(?:(?:[a-f0-9]{4,}:)?[a-f0-9]{2}:[a-f0-9]{2}(?:\.[a-f0-9])?)"
_HEX = r"(?:^0x[0-9a-fA-F]{4}$)"
_BASE64 = r"[A-Za-z0-9+\/]+={0,2}"
_CPUS = r"(?:\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*)"
_USB = (
    r"(?:(?:(?:(?:(0x)?([0-9A-Fa-f]{4}):(0x)?([0-9A-Fa-f]{4})))|(?:(?:(\d+)\-(\d+(\.\d+)*)))"
    r"|[Ss][Pp][Ii][Cc][Ee]))"
)
_MACHINE = (
    r"(pc|pc(-i440fx)?-\d+(\.\d+)+(\+pve\d+)?(\.pxe)?|q35|pc-q35-\d+(\.\d+)+(\+pve\d+)?(\.pxe)?"
    r"|virt(?:-\d+(\.\d+)+)?(\+pve\d+)?)"
)

NET = Properties(
    (
        text("bridge", "The bridge that the card is plugged into.", BRIDGE),
        flag("firewall", "Whether the firewall watches this card."),
        flag("host-tunnel", "Whether the host takes tunnels of the guest apart."),
        flag("link_down", "Whether the cable is unplugged."),
        text("macaddr", "The hardware address; one is made up if not given.", MAC),
        word("model", "What card the guest sees.", " ".join(NET_MODELS), required=True),
        whole("mtu", "The largest packet; 1 takes that of the bridge.", 1, 65520),
        whole("queues", "How many queues the card has.", 0, 64),
        number("rate", "At most so much is sent.", 0, unit="MB per second"),
        whole("tag", "The VLAN of all packets.", 1, 4094),
        text("trunks", "VLANs that may pass.", pattern=r"(?:\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*)"),
    ),
    "model",
    value_keys=ValueKeys(NET_MODELS, "model", "macaddr"),
)
HOSTPCI = Properties(
    (
        text("host", "Addresses of the host's devices.", pattern=rf"(?:{_PCI}(;{_PCI})*)"),
        text("mapping", "A mapping of the cluster instead of an address.", CONFIG_ID),
        text("device-id", "The device id that the guest sees.", pattern=_HEX),
        word("driver", "Whether the host's driver is replaced.", "vfio keep", "vfio"),
        flag("legacy-igd", "Whether it is the guest's only display, in the older way.", False),
        text("mdev", "The type of the mediated device to make.", pattern=r"[^/\.:]+"),
        flag("pcie", "Whether it sits on a PCI express port.", False),
        flag("rombar", "Whether the guest sees the device's ROM.", True),
        text("romfile", "A file with a ROM instead of the device's own.", pattern=r"[^,;]+"),
        text("sub-device-id", "The subsystem's device id that the guest sees.", pattern=_HEX),
        text("sub-vendor-id", "The subsystem's vendor id that the guest sees.", pattern=_HEX),
        text("vendor-id", "The vendor id that the guest sees.", pattern=_HEX),
        flag("x-vga", "Whether it is the guest's display.", False),
    ),
    "host",
    "pve-qm-hostpci",
)
USB = Properties(
    (
        text("host", "A device of the host by id or port, or spice.", pattern=_USB),
        text("mapping", "A mapping of the cluster instead of a device.", CONFIG_ID),
        flag("usb3", "Whether it is plugged into a USB 3 port.", False),
    ),
    "host",
)
NUMA_NODE = Properties(
    (
        text("cpus", "The virtual CPUs of this node.", pattern=_CPUS, required=True),
        text("hostnodes", "The nodes of the host that it lies on.", pattern=_CPUS),
        number("memory", "How much memory it has.", unit="MiB"),
        word("policy", "How memory is taken from the host.", "preferred bind interleave"),
    ),
)
IPCONFIG = Properties(
    (
        text("gw", "The IPv4 gateway.", IPV4, requires="ip"),
        text("gw6", "The IPv6 gateway.", IPV6, requires="ip6"),
        text("ip", "The IPv4 address.", IPV4_CONFIG, default="dhcp"),
        text("ip6", "The IPv6 address.", IPV6_CONFIG, default="dhcp"),
    ),
    name="pve-qm-ipconfig",
)
VIRTIOFS = Properties(
    (
        text("dirid", "The mapping of the directory.", CONFIG_ID, required=True),
        word("cache", "How the guest caches.", "auto always metadata never", "auto"),
        flag("direct-io", "Whether files opened past the cache are read past it.", False),
        flag("expose-acl", "Whether the guest sees access lists.", False),
        flag("expose-xattr", "Whether the guest sees extended attributes.", False),
    ),
    "dirid",
)
AGENT = Properties(
    (
        flag("enabled", "Whether the guest agent is talked to.", False, required=True),
        flag("freeze-fs", "Whether file systems are frozen for backups.", True),
        flag("fstrim_cloned_disks", "Whether unused blocks are freed after a move.", False),
        word("type", "How the agent is reached.", "virtio isa", "virtio"),
    ),
    "enabled",
    aliases={"freeze-fs-on-backup": "freeze-fs", "guest-fsfreeze": "freeze-fs"},
)
AMD_SEV = Properties(
    (
        word("type", "Which memory encryption.", "std es snp", required=True, max_length=3),
        flag("allow-smt", "Whether the host may use two threads of a core.", True),
        flag("kernel-hashes", "Whether the kernel's hashes are passed to the firmware.", False),
        flag("no-debug", "Whether debugging is forbidden.", False),
        flag("no-key-sharing", "Whether keys are not shared with other guests.", False),
    ),
    "type",
    "pve-qemu-sev-fmt",
)
INTEL_TDX = Properties(
    (
        word("type", "Which trust domain.", "tdx", required=True),
        flag("attestation", "Whether the guest can prove what it is.", True, required=True),
        whole("vsock-cid", "The context of the service that signs.", 2, default=2),
        whole("vsock-port", "The port of the service that signs.", 0, default=4050),
    ),
    "type",
    "pve-qemu-tdx-fmt",
)
AUDIO = Properties(
    (
        word(
            "device",
            "What sound card the guest sees.",
            "ich9-intel-hda intel-hda AC97",
            required=True,
        ),
        word("driver", "Where the sound goes.", "spice none", "spice"),
    ),
)
BOOT = Properties(
    (
        text(
            "legacy",
            "Kinds of devices in order: a floppy, c disk, d CD, n network.",
            pattern=r"[acdn]{1,4}",
            default="cdn",
        ),
        text("order", "Devices in the order of trying.", BOOT_DEVICE, many=True, joint=";"),
    ),
    "legacy",
    "pve-qm-boot",
)
CICUSTOM = Properties(
    tuple(
        text(part, f"A file in place of the {what} that is made.", VOLUME_ID)
        for part, what in (
            ("meta", "metadata"),
            ("network", "network configuration"),
            ("user", "user data"),
            ("vendor", "vendor data"),
        )
    ),
    name="pve-qm-cicustom",
)
SHARED_MEMORY = Properties(
    (
        text("name", "The name on the host.", pattern=r"[a-zA-Z0-9\-]+"),
        whole("size", "The size.", 1, required=True, unit="MiB"),
    ),
)
MACHINE = Properties(
    (
        text("type", "The machine and its version.", pattern=_MACHINE, max_length=40),
        number("aw-bits", "Address bits of the IOMMU.", 32, 64),
        flag("enable-s3", "Whether the guest can sleep in memory."),
        flag("enable-s4", "Whether the guest can sleep on disk."),
        word("viommu", "The IOMMU that the guest sees.", "intel virtio"),
    ),
    "type",
)
MEMORY = Properties(
    (whole("current", "The memory.", 16, default=512, required=True, unit="MiB"),), "current"
)
META = Properties(
    (
        text("creation-qemu", "The QEMU that it was made with.", pattern=r"\d+(\.\d+)+"),
        whole("ctime", "When it was made, seconds since 1970.", 0),
    ),
)
RNG = Properties(
    (
        word(
            "source",
            "Where the host takes randomness from.",
            "/dev/urandom /dev/random /dev/hwrng",
            required=True,
        ),
        whole("max_bytes", "At most so much in a period.", default=1024, unit="bytes"),
        whole("period", "How long a period is.", default=1000, unit="milliseconds"),
    ),
    "source",
    "pve-qm-rng",
)
SMBIOS = Properties(
    (
        flag("base64", "Whether the texts are given in base64."),
        *(
            text(key, f"The {key} that the guest reads.", pattern=_BASE64)
            for key in ("family", "manufacturer", "product", "serial", "sku", "version")
        ),
        text(
            "uuid",
            "The machine's id.",
            pattern=r"[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}",
        ),
    ),
    name="pve-qm-smbios1",
)
SPICE = Properties(
    (
        flag("foldersharing", "Whether folders of the viewer can be shared.", False),
        word("videostreaming", "Whether moving parts are sent as video.", "off all filter", "off"),
    ),
)
_DISPLAYS = (
    "cirrus qxl qxl2 qxl3 qxl4 none serial0 serial1 serial2 serial3 std virtio virtio-gl vmware"
)
VGA = Properties(
    (
        word("type", "What display the guest sees.", _DISPLAYS, "std"),
        word("clipboard", "Whether the clipboard is shared.", "vnc"),
        whole("memory", "The display's memory.", 4, 512, unit="MiB"),
    ),
    "type",
)
WATCHDOG = Properties(
    (
        word(
            "action",
            "What is done when the guest hangs.",
            "reset shutdown poweroff pause debug none",
        ),
        word("model", "What watchdog the guest sees.", "i6300esb ib700", "i6300esb"),
    ),
    "model",
    "pve-qm-watchdog",
)
