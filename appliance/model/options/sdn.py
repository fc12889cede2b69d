"""sdn/*.cfg: zones, virtual networks and subnets for the whole cluster, and what serves them."""

from __future__ import annotations

from appliance.model.formats.names import CONFIG_ID, NODE
from appliance.model.formats.network import DNS_NAME, IFACE, IP, MAC
from appliance.model.formats.sdn import (
    CONTROLLER,
    DHCP_RANGE,
    FABRIC,
    ISIS_NET,
    LONG_ID,
    NET,
    PLAIN,
    ROUTE_MAP,
    ROUTE_TARGET,
    SUBNET,
    VNET,
    ZONE,
)
from appliance.model.option import Option
from appliance.model.options.make import flag, text, whole, word
from appliance.model.section_config import SectionType

FILES = {kind: f"sdn/{kind}.cfg" for kind in
         ("zones", "vnets", "subnets", "controllers", "dns", "ipams")}  # fmt: skip
FINGERPRINT = r"([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}"
MOST_TAG = 16777215

_NAMED = (
    text("dns", "The DNS server that learns of its guests."),
    text("reversedns", "The DNS server for the way back."),
    text("dnszone", "The domain of its guests.", DNS_NAME),
    text("ipam", "Who keeps its addresses, pve where not given."),
)
_NODES = text("nodes", "The nodes that have it, all where not given.", NODE, many=True)
_MTU = whole("mtu", "Size of its packets.", unit="bytes")
_BRIDGE = text("bridge", "The bridge of the nodes that it runs over.", required=True)
_NO_LEARNING = flag("bridge-disable-mac-learning", "Whether bridges learn no hardware addresses.")
_VXLAN_PORT = whole("vxlan-port", "The port of its tunnels.", 1, 65536, 4789)
_CONTROLLER = text("controller", "The controller that announces its routes.", required=True)

ZONE_TYPES = (
    SectionType(
        "evpn",
        ZONE,
        (
            flag("advertise-subnets", "Whether whole subnets are announced for silent guests."),
            _NO_LEARNING,
            _CONTROLLER,
            flag("disable-arp-nd-suppression", "Whether questions for addresses go everywhere."),
            text("exitnodes", "Nodes that lead out of it.", NODE, many=True),
            flag("exitnodes-local-routing", "Whether exit nodes reach its guests themselves."),
            text("exitnodes-primary", "The exit node that is taken first.", NODE),
            text("mac", "The hardware address of its gateways.", MAC),
            _MTU,
            _NODES,
            text("rt-import", "Routes of others that are taken.", ROUTE_TARGET, many=True),
            text("secondary-controllers", "Further controllers.", pattern=LONG_ID, min_length=2,
                 max_length=64, repeated=True),
            whole("vrf-vxlan", "Number of its routing table.", 1, MOST_TAG, required=True),
            _VXLAN_PORT,
            *_NAMED,
        ),
    ),
    SectionType(
        "faucet",
        ZONE,
        (_CONTROLLER, whole("dp-id", "Number of its data path.", required=True), _NODES, *_NAMED),
    ),
    SectionType(
        "qinq",
        ZONE,
        (
            _BRIDGE,
            _NO_LEARNING,
            _MTU,
            _NODES,
            whole("tag", "The outer VLAN.", 0, required=True),
            word("vlan-protocol", "The form of the outer VLAN.", "802.1q 802.1ad", "802.1q"),
            *_NAMED,
        ),
    ),
    SectionType(
        "simple",
        ZONE,
        (word("dhcp", "What gives addresses to its guests.", "dnsmasq"), _MTU, _NODES, *_NAMED),
    ),
    SectionType("vlan", ZONE, (_BRIDGE, _NO_LEARNING, _MTU, _NODES, *_NAMED)),
    SectionType(
        "vxlan",
        ZONE,
        (
            text("fabric", "The fabric whose nodes are its peers.", FABRIC),
            _MTU,
            _NODES,
            text("peers", "Addresses of the nodes, where there is no fabric.", IP, many=True),
            _VXLAN_PORT,
            *_NAMED,
        ),
    ),
)  # fmt: skip

VNET_TYPES = (
    SectionType(
        "vnet",
        VNET,
        (
            text("alias", "A name for people.", pattern=r"(?i:[\(\)-_.\w\d\s]{0,256})",
                 max_length=256),
            flag("isolate-ports", "Whether its guests cannot reach each other."),
            whole("tag", "Number of its VLAN or VXLAN.", 1, MOST_TAG),
            flag("vlanaware", "Whether guests may use VLANs inside."),
            text("zone", "The zone that it is in.", required=True),
        ),
    ),
)  # fmt: skip

SUBNET_TYPES = (
    SectionType(
        "subnet",
        SUBNET,
        (
            text("dhcp-dns-server", "The name server that guests are told of.", IP),
            text("dhcp-range", "Addresses that are given to guests.", DHCP_RANGE, repeated=True),
            text("dnszoneprefix", "What stands before the domain of its guests.", DNS_NAME),
            text("gateway", "The address of the way out.", IP),
            flag("snat", "Whether guests go out with the node's address."),
            text("vnet", "The network that it is of.", required=True),
        ),
    ),
)

_NODE = text("node", "The node that it runs on.", NODE, required=True)
_LOOPBACK = text("loopback", "The interface that its address is on.")
_ASN = whole("asn", "Number of the autonomous system.", 0, 4294967295, required=True)
_NEIGHBOURS = text("peers", "Addresses of its neighbours.", IP, many=True)
_MAPS = (
    text("route-map-in", "What is done to routes that come in.", ROUTE_MAP),
    text("route-map-out", "What is done to routes that go out.", ROUTE_MAP),
)
CONTROLLER_TYPES = (
    SectionType(
        "bgp",
        CONTROLLER,
        (
            _ASN,
            flag("bgp-multipath-as-path-relax", "Whether ways of one length are used together."),
            flag("ebgp", "Whether its neighbours are of other systems."),
            whole("ebgp-multihop", "How far such neighbours may be."),
            _LOOPBACK,
            _NODE,
            text("peers", _NEIGHBOURS.sentence, IP, many=True, required=True),
            *_MAPS,
        ),
    ),
    SectionType(
        "evpn",
        CONTROLLER,
        (
            _ASN,
            word("bgp-mode", "Whether neighbours are of the same system.",
                 "auto external internal", "auto"),
            whole("ebgp-multihop", "How far neighbours of other systems may be."),
            text("fabric", "The fabric whose nodes are its neighbours.", FABRIC),
            text("nodes", "The nodes that it runs on, all where not given.", NODE, many=True),
            text("peer-group-name", "Name of the group of its neighbours.", CONFIG_ID,
                 default="VTEP"),
            _NEIGHBOURS,
            *_MAPS,
        ),
    ),
    SectionType("faucet", CONTROLLER, ()),
    SectionType(
        "isis",
        CONTROLLER,
        (
            text("isis-domain", "Name of the domain.", required=True),
            text("isis-ifaces", "The interfaces that take part.", IFACE, many=True, required=True),
            text("isis-net", "Its address in the domain.", NET, pattern=ISIS_NET, min_length=20,
                 max_length=50, required=True),
            _LOOPBACK,
            _NODE,
        ),
    ),
)  # fmt: skip

_URL = text("url", "Where it answers.", required=True)
_SHOWN = text("fingerprint", "The SHA-256 fingerprint of its certificate.", pattern=FINGERPRINT)
DNS_TYPES = (
    SectionType(
        "powerdns",
        PLAIN,
        (
            _SHOWN,
            text("key", "The key of its API.", required=True),
            whole("reversemaskv6", "Length of the networks of reverse zones of IPv6."),
            whole("reversev6mask", "An older name of reversemaskv6."),
            whole("ttl", "How long others may remember an answer.", unit="seconds"),
            _URL,
        ),
    ),
)

_TOKEN = text("token", "The token of its API.", required=True)
IPAM_TYPES = (
    SectionType("netbox", PLAIN, (_SHOWN, _TOKEN, _URL)),
    SectionType(
        "phpipam",
        PLAIN,
        (_SHOWN, whole("section", "Number of the section.", required=True), _TOKEN, _URL),
    ),
    SectionType("pve", PLAIN, ()),
)

TYPES = {
    "zones": ZONE_TYPES,
    "vnets": VNET_TYPES,
    "subnets": SUBNET_TYPES,
    "controllers": CONTROLLER_TYPES,
    "dns": DNS_TYPES,
    "ipams": IPAM_TYPES,
}
LOCK_TOKEN = Option("lock-token", "The token of the lock, if the configuration is locked.")
