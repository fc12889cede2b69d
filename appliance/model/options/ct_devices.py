"""The keys of a container's mount points, network cards and devices."""

from __future__ import annotations

from appliance.model.formats.guest import DEVICE_PATH, MOUNT_SOURCE
from appliance.model.formats.network import IPV4, IPV4_CONFIG, IPV6, IPV6_CONFIG, MAC
from appliance.model.formats.storage import DISK_SIZE, VOLUME_ID
from appliance.model.options.make import flag, number, text, whole, word
from appliance.model.property_string import Properties

_MOUNT = r"(discard|lazytime|noatime|nodev|noexec|nosuid)"
_MAP = r"[ug]:[0-9]+:[0-9]+:[1-9][0-9]*"
_NAME = r"[-_.\w\d]+"

_VOLUME_KEYS = (
    flag("acl", "Whether access lists are kept; not given, as the storage has it."),
    text(
        "idmap",
        "Ids inside and outside, or passthrough.",
        pattern=rf"(?:^(?:passthrough|{_MAP}(?:;{_MAP})*)$)",
    ),
    text("mountoptions", "Options of the mount.", pattern=rf"(?:(?:{_MOUNT})(;(?:{_MOUNT}))*)"),
    flag("quota", "Whether users' quotas are counted inside."),
    flag("replicate", "Whether replication jobs include it.", True),
    flag("ro", "Whether the container can only read."),
    flag("shared", "Says that it can be reached on all nodes; it does not share it.", False),
    text("size", "The size, as last known.", DISK_SIZE),
    text("volume", "A volume, a device or a directory of the host.", MOUNT_SOURCE, required=True),
)
ROOTFS = Properties(_VOLUME_KEYS, "volume")
MOUNT_POINT = Properties(
    (
        *_VOLUME_KEYS,
        flag("backup", "Whether backups include it."),
        flag("keepattrs", "Whether owner and mode of the covered directory are kept.", False),
        text("mp", "Where it is mounted inside.", MOUNT_SOURCE, required=True),
    ),
    "volume",
)
NET = Properties(
    (
        text("name", "The name of the interface inside.", pattern=_NAME, required=True),
        text("bridge", "The bridge that it is plugged into.", pattern=_NAME),
        flag("firewall", "Whether the firewall watches it."),
        text("gw", "The IPv4 gateway.", IPV4),
        text("gw6", "The IPv6 gateway.", IPV6),
        flag("host-managed", "Whether the host sets its addresses."),
        text("hwaddr", "The hardware address; one is made up if not given.", MAC),
        text("ip", "The IPv4 address.", IPV4_CONFIG),
        text("ip6", "The IPv6 address.", IPV6_CONFIG),
        flag("link_down", "Whether the cable is unplugged."),
        whole("mtu", "The largest packet.", 64, 65535),
        number("rate", "At most so much is sent.", unit="MB per second"),
        whole("tag", "The VLAN of all packets.", 1, 4094),
        text("trunks", "VLANs that may pass.", pattern=r"(?:\d+(?:;\d+)*)"),
        word("type", "The kind of interface.", "veth"),
    ),
)
FEATURES = Properties(
    (
        flag("force_rw_sys", "Whether /sys can be written in an unprivileged container.", False),
        flag("fuse", "Whether FUSE file systems can be mounted.", False),
        flag("keyctl", "Whether keys can be kept in the kernel.", False),
        flag("mknod", "Whether some device nodes can be made.", False),
        text("mount", "Types of file systems that can be mounted.", pattern=r"(?:[a-zA-Z0-9_; ]+)"),
        flag("nesting", "Whether containers can run in it.", False),
    ),
)
DEVICE = Properties(
    (
        flag("deny-write", "Whether the container can only read.", False),
        whole("gid", "The group that owns it inside.", 0),
        text("mode", "The access rights inside.", pattern=r"0[0-7]{3}"),
        text("path", "The device on the host.", DEVICE_PATH),
        whole("uid", "The user that owns it inside.", 0),
    ),
    "path",
)
UNUSED = Properties((text("volume", "The volume.", VOLUME_ID, required=True),), "volume")
