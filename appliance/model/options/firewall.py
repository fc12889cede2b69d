"""The firewall: options of the cluster, of nodes, guests and virtual networks, and of rules."""

from __future__ import annotations

from appliance.model.formats.firewall import (
    ADDRESSES,
    CONNTRACK_HELPER,
    DEST_PORTS,
    ICMP_TYPE,
    NAME,
    PROTOCOL,
    SOURCE_PORTS,
)
from appliance.model.formats.network import IFACE
from appliance.model.option_table import OptionTable
from appliance.model.options.make import flag, text, whole, word
from appliance.model.property_string import Properties

_LEVELS = "emerg alert crit err warning notice info debug nolog"
_POLICIES = "ACCEPT REJECT DROP"

_RATE = Properties(
    (
        flag("enable", "Whether less is logged.", True, required=True),
        text("rate", "How many lines in what time.", default="1/second",
             pattern=r"[1-9][0-9]*\/(second|minute|hour|day)"),
        whole("burst", "How many lines before that counts.", 0, default=5),
    ),
    "enable",
)  # fmt: skip

CLUSTER_OPTIONS = OptionTable((
    flag("ebtables", "Whether frames are filtered on bridges too.", True),
    whole("enable", "Whether there is a firewall at all.", 0, default=0),
    text("log_ratelimit", "How much is logged at most.", _RATE),
    word("policy_forward", "What happens to forwarded packets without a rule.", "ACCEPT DROP"),
    word("policy_in", "What happens to incoming packets without a rule.", _POLICIES),
    word("policy_out", "What happens to outgoing packets without a rule.", _POLICIES),
))  # fmt: skip

_LOGS = (
    word("log_level_in", "How incoming packets are logged.", _LEVELS),
    word("log_level_out", "How outgoing packets are logged.", _LEVELS),
)
_LOG_FORWARD = word("log_level_forward", "How forwarded packets are logged.", _LEVELS)
HOST_OPTIONS = OptionTable((
    flag("enable", "Whether the node is filtered.", True),
    _LOG_FORWARD,
    *_LOGS,
    flag("log_nf_conntrack", "Whether connections are logged.", False),
    flag("ndp", "Whether neighbours are discovered (IPv6).", True),
    flag("nf_conntrack_allow_invalid", "Whether packets of no known connection pass.", False),
    text("nf_conntrack_helpers", "Protocols whose connections are followed.", CONNTRACK_HELPER,
         default=""),
    whole("nf_conntrack_max", "How many connections are known.", 32768, default=262144),
    whole("nf_conntrack_tcp_timeout_established", "How long a connection is known.", 7875,
          default=432000, unit="seconds"),
    whole("nf_conntrack_tcp_timeout_syn_recv", "How long one that begins is.", 30, 60, 60,
          unit="seconds"),
    flag("nftables", "Whether the newer firewall is used.", False),
    flag("nosmurfs", "Whether smurf packets are dropped."),
    flag("protection_synflood", "Whether floods of new connections are held back.", False),
    whole("protection_synflood_burst", "How many new connections pass at once.", default=1000),
    whole("protection_synflood_rate", "How many pass then.", default=200, unit="a second"),
    word("smurf_log_level", "How smurf packets are logged.", _LEVELS),
    word("tcp_flags_log_level", "How impossible flags are logged.", _LEVELS),
    flag("tcpflags", "Whether packets with impossible flags are dropped.", False),
))  # fmt: skip

GUEST_OPTIONS = OptionTable((
    flag("dhcp", "Whether the guest may ask for an address.", False),
    flag("enable", "Whether the guest is filtered.", False),
    flag("ipfilter", "Whether the guest keeps to its addresses."),
    *_LOGS,
    flag("macfilter", "Whether the guest keeps to its hardware address.", True),
    flag("ndp", "Whether neighbours are discovered (IPv6).", True),
    word("policy_in", "What happens to incoming packets without a rule.", _POLICIES),
    word("policy_out", "What happens to outgoing packets without a rule.", _POLICIES),
    flag("radv", "Whether the guest may say that it is a router."),
))  # fmt: skip

VNET_OPTIONS = OptionTable((
    flag("enable", "Whether the network is filtered.", False),
    _LOG_FORWARD,
    word("policy_forward", "What happens to forwarded packets without a rule.", "ACCEPT DROP"),
))  # fmt: skip

# Of one rule, in the order in which they are written.
RULE_OPTIONS = OptionTable((
    word("type", "The direction, or a security group.", "in out forward group"),
    text("action", "ACCEPT, DROP, REJECT, or the security group.", pattern=NAME, min_length=2,
         max_length=20),
    text("macro", "The name of a service, instead of protocol and ports.", max_length=128),
    text("iface", "The network card or interface.", IFACE, min_length=2, max_length=20),
    text("source", "Where packets come from.", ADDRESSES, max_length=512),
    text("dest", "Where packets go to.", ADDRESSES, max_length=512),
    text("proto", "The protocol.", PROTOCOL),
    text("dport", "The ports that packets go to.", DEST_PORTS),
    text("sport", "The ports that packets come from.", SOURCE_PORTS),
    word("log", "How such packets are logged.", _LEVELS),
    text("icmp-type", "The kind of ICMP.", ICMP_TYPE),
    text("comment", "A remark."),
    whole("enable", "Whether the rule is in force.", 0),
))  # fmt: skip
