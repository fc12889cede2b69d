"""Interfaces of a node's network."""

from __future__ import annotations

from appliance.model.formats.form import checked
from appliance.model.formats.network import CIDR_V4, CIDR_V6, IFACE, IPV4, IPV4_MASK, IPV6
from appliance.model.option_table import OptionTable
from appliance.model.options.make import flag, text, whole, word

TYPES = "bridge bond eth alias vlan fabric OVSBridge OVSBond OVSPort OVSIntPort vnet"
KINDS = f"{TYPES} any_bridge any_local_bridge include_sdn"


def _vlans(text: str) -> bool:
    first, dash, last = text.partition("-")
    numbers = [first, last] if dash else [first]
    if not all(number.isdecimal() and number.isascii() for number in numbers):
        return False
    ends = [int(number) for number in numbers]
    return ends == sorted(ends) and ends[0] >= 1 and ends[-1] <= 4094


VLANS = checked("pve-vlan-id-or-range", "a VLAN, 1 to 4094, or a range of them", _vlans)
NAME = text("iface", "The interface.", IFACE, min_length=2, max_length=20, required=True)

OPTIONS = OptionTable((
    text("address", "The IPv4 address.", IPV4, requires="netmask"),
    text("address6", "The IPv6 address.", IPV6, requires="netmask6"),
    flag("autostart", "Whether it comes up with the node."),
    text("bond-primary", "The member that is used while it works.", IFACE),
    word("bond_mode", "How members of a bond share the work.",
         "balance-rr active-backup balance-xor broadcast 802.3ad balance-tlb balance-alb "
         "balance-slb lacp-balance-slb lacp-balance-tcp"),
    word("bond_xmit_hash_policy", "What decides which member sends a packet.",
         "layer2 layer2+3 layer3+4"),
    text("bridge_ports", "The ports of a bridge.", IFACE, many=True, joint=" "),
    text("bridge_vids", "The VLANs of a bridge.", VLANS, many=True, joint=" "),
    flag("bridge_vlan_aware", "Whether a bridge keeps VLANs apart."),
    text("cidr", "The IPv4 address with the length of its network.", CIDR_V4),
    text("cidr6", "The IPv6 address with the length of its network.", CIDR_V6),
    text("comments", "A remark."),
    text("comments6", "A remark on IPv6."),
    text("gateway", "The default gateway.", IPV4),
    text("gateway6", "The default gateway of IPv6.", IPV6),
    whole("mtu", "The largest packet.", 1280, 65520),
    text("netmask", "The network mask.", IPV4_MASK, requires="address"),
    whole("netmask6", "The length of the IPv6 network.", 0, 128, requires="address6"),
    text("ovs_bonds", "The members of a bond of Open vSwitch.", IFACE, many=True, joint=" "),
    text("ovs_bridge", "The bridge of Open vSwitch that it belongs to.", IFACE),
    text("ovs_options", "More options of Open vSwitch.", max_length=1024),
    text("ovs_ports", "The ports of a bridge of Open vSwitch.", IFACE, many=True, joint=" "),
    whole("ovs_tag", "The VLAN of a port of Open vSwitch.", 1, 4094),
    text("slaves", "The members of a bond.", IFACE, many=True, joint=" "),
    word("type", "What kind of interface.", f"{TYPES} unknown", required=True),
    whole("vlan-id", "The VLAN of an interface with a name of its own.", 1, 4094),
    text("vlan-raw-device", "The interface that a VLAN is on.", IFACE),
))  # fmt: skip
