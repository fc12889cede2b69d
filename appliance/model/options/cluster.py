"""The cluster, its nodes, replication and metrics: datacenter.cfg, config, and two more files."""

from __future__ import annotations

from dataclasses import replace

from appliance.model.formats.names import CONFIG_ID, NODE, REPLICATION_JOB_ID
from appliance.model.formats.network import (
    ACME_ALIAS,
    ACME_DOMAIN,
    ADDRESS,
    CIDR,
    EMAIL,
    GRAPHITE_PATH,
    IFACE,
    IPV4,
    MAC,
    MAC_PREFIX,
)
from appliance.model.formats.times import CALENDAR_EVENT
from appliance.model.ha.datacenter import CRS_OPTIONS, HA_OPTIONS, MAX_WORKERS
from appliance.model.option_table import OptionTable
from appliance.model.options.backup import BWLIMIT
from appliance.model.options.make import flag, number, text, whole, word
from appliance.model.options.vm import KEYBOARDS
from appliance.model.property_string import Properties
from appliance.model.section_config import SectionType

DATACENTER_FILE = "datacenter.cfg"
REPLICATION_FILE = "replication.cfg"
METRICS_FILE = "status.cfg"

_TAG = r"(?i:[a-z0-9_][a-z0-9_\-\+\.]*)"
_COLOUR = rf"(?:{_TAG}:[0-9a-fA-F]{{6}}(?::[0-9a-fA-F]{{6}})?)"
_LANGUAGES = (
    "ar ca da de en es eu fa fr hr he it ja ka kr nb nl nn pl pt_BR ru sl sv tr ukr zh_CN zh_TW"
)

_TRAFFIC = Properties(
    (
        word("type", "Whether the traffic is encrypted.", "secure insecure", "secure",
             required=True),
        text("network", "The network that it takes.", CIDR),
    ),
    "type",
)  # fmt: skip
LOCATION = Properties(
    (
        number("latitude", "North of the equator.", -90, 90, required=True, unit="degrees"),
        number("longitude", "East of Greenwich.", -180, 180, required=True, unit="degrees"),
        text("name", "What the place is called.", max_length=128),
    ),
    name="pve-node-location",
)
_NEXT_ID = Properties(
    (
        whole("lower", "The lowest number that is proposed.", 100, 999999999, 100),
        whole("upper", "The number that is not reached.", 100, 1000000000, 1000000),
    )
)
_NOTIFY = Properties(
    (
        word("fencing", "Older: whether fencing is told.", "always never"),
        word("package-updates", "Older: whether updates are told.", "auto always never", "auto"),
        word("replication", "Older: whether failed replication is told.", "always never"),
        text("target-fencing", "Older: who is told of fencing."),
        text("target-package-updates", "Older: who is told of updates."),
        text("target-replication", "Older: who is told of failed replication."),
    )
)
_TAG_STYLE = Properties(
    (
        flag("case-sensitive", "Whether upper and lower case differ in the order.", False),
        text("color-map", "Colours of tags, and of their texts.",
             pattern=rf"{_COLOUR}(?:;{_COLOUR})*"),
        word("ordering", "The order in which they are shown.", "config alphabetical",
             "alphabetical"),
        word("shape", "How they are shown in the tree.", "full circle dense none", "circle"),
    )
)  # fmt: skip
_TAG_ACCESS = Properties(
    (
        word("user-allow", "Which tags a user may set.", "none list existing free", "free"),
        text("user-allow-list", "Tags that any user may set.", pattern=rf"{_TAG}(?:;{_TAG})*"),
    )
)
_U2F = Properties(
    (text("appid", "The address of the application."), text("origin", "The address of the GUI."))
)
_WEBAUTHN = Properties(
    (
        flag("allow-subdomains", "Whether it holds below the origin too.", True),
        text("id", "The domain that keys are bound to."),
        text("origin", "The address of the GUI."),
        text("rp", "The name that keys show."),
    )
)

DATACENTER_OPTIONS = OptionTable((
    text("bwlimit", "Limits of bandwidth by kind of operation.", BWLIMIT),
    text("consent-text", "What users agree to before they log in.", max_length=65536),
    word("console", "The viewer of consoles.", "applet vv html5 xtermjs"),
    text("crs", "How nodes for services are chosen.", Properties(CRS_OPTIONS)),
    text("description", "Notes about the cluster.", max_length=65536),
    text("email_from", "The sender of mail.", EMAIL, empty=True),
    word("fencing", "How failed nodes are stopped.", "watchdog hardware both", "watchdog"),
    text("ha", "High availability as a whole.", Properties(HA_OPTIONS)),
    text("http_proxy", "The proxy for downloads.", pattern=r"http://.*"),
    word("keyboard", "The layout of keyboards in consoles.", KEYBOARDS),
    word("language", "The language of the GUI.", _LANGUAGES),
    text("location", "Where the cluster is.", LOCATION),
    text("mac_prefix", "How hardware addresses that are made up begin.", MAC_PREFIX,
         default="BC:24:11"),
    MAX_WORKERS,
    text("migration", "How migrations run.", _TRAFFIC),
    flag("migration_unsecure", "Older: whether migrations are not encrypted."),
    text("next-id", "Which numbers of guests are proposed.", _NEXT_ID),
    text("notify", "Older: what is told to whom.", _NOTIFY),
    text("registered-tags", "Tags that only administrators may set.",
         pattern=rf"(?:{_TAG};)*{_TAG}"),
    text("replication", "How replication runs.", _TRAFFIC),
    text("tag-style", "How tags are shown.", _TAG_STYLE),
    text("u2f", "Older: second factors by U2F.", _U2F),
    text("user-tag-access", "Which tags users may set.", _TAG_ACCESS),
    text("webauthn", "Second factors by WebAuthn.", _WEBAUTHN),
))  # fmt: skip

_ACME = Properties(
    (
        text("account", "The account at the authority.", CONFIG_ID, default="default"),
        text("domains", "Domains that the certificate is for.", ACME_DOMAIN, many=True, joint=";"),
    )
)
_ACME_DOMAIN = Properties(
    (
        text("domain", "The domain.", ACME_DOMAIN, required=True),
        text("alias", "The domain that is proven in its place.", ACME_ALIAS),
        text("plugin", "How the domain is proven.", CONFIG_ID, default="standalone"),
    ),
    "domain",
)
_WAKE = Properties(
    (
        text("mac", "The hardware address that is woken.", MAC, required=True),
        text("bind-interface", "The interface that it is sent from.", IFACE),
        text("broadcast-address", "The address that it is sent to.", IPV4,
             default="255.255.255.255"),
    ),
    "mac",
)  # fmt: skip

NODE_OPTIONS = OptionTable((
    text("acme", "The account and domains of the node's certificate.", _ACME),
    text("acmedomain", "A domain of the certificate, and how it is proven.", _ACME_DOMAIN, last=5),
    whole("ballooning-target", "How full the memory may be before guests give some back.", 0, 100,
          80, unit="percent"),
    text("description", "Notes about the node.", max_length=65536),
    text("location", "Where the node is.", LOCATION),
    whole("startall-onboot-delay", "How long to wait after boot before guests are started.", 0,
          300, 0, unit="seconds"),
    text("wakeonlan", "How the node is woken.", _WAKE),
))  # fmt: skip

_COMMENT = text("comment", "A remark.", max_length=4096, percent=True)
REPLICATION_TYPES = (
    SectionType(
        "local",
        REPLICATION_JOB_ID,
        (
            _COMMENT,
            flag("disable", "Whether the job is out of use."),
            number("rate", "At most so much is sent.", 1, unit="MB per second"),
            word("remove_job", "Marks the job for removal, local with or full without its copies.",
                 "local full"),
            text("schedule", "When it runs.", CALENDAR_EVENT, max_length=128, default="*/15"),
            text("source", "The node that it was last run on.", NODE),
            text("target", "The node that the copies go to.", NODE, required=True, fixed=True),
        ),
    ),
)  # fmt: skip

_DISABLE = flag("disable", "Whether nothing is sent there.")
_SERVER = text("server", "The server.", ADDRESS, required=True)
_PORT = whole("port", "The port of the server.", 1, 65536)
_MTU = whole("mtu", "The largest packet.", 512, 65536, 1500)
_TIMEOUT = whole("timeout", "How long to wait.", 0, default=1, unit="seconds")
METRICS_TYPES = (
    SectionType(
        "graphite",
        CONFIG_ID,
        (
            _DISABLE,
            _MTU,
            text("path", "The path that all names begin with.", GRAPHITE_PATH),
            _PORT,
            word("proto", "The protocol.", "udp tcp"),
            _SERVER,
            _TIMEOUT,
        ),
    ),
    SectionType(
        "influxdb",
        CONFIG_ID,
        (
            text("api-path-prefix", "What the path of the API begins with."),
            text("bucket", "The bucket or database."),
            _DISABLE,
            word("influxdbproto", "The protocol.", "udp http https", "udp"),
            whole("max-body-size", "The largest request.", 1, default=25000000, unit="bytes"),
            _MTU,
            text("organization", "The organization."),
            replace(_PORT, required=True),
            _SERVER,
            _TIMEOUT,
            text("token", "The token to log in with.", secret=True),
            flag("verify-certificate", "Whether the certificate is checked.", True),
        ),
    ),
    SectionType(
        "opentelemetry",
        CONFIG_ID,
        (
            _DISABLE,
            word("otel-compression", "How requests are compressed.", "none gzip", "gzip"),
            text("otel-headers", "More headers, in base64.", max_length=1024, secret=True),
            whole("otel-max-body-size", "The largest request.", 1024, default=10000000,
                  unit="bytes"),
            text("otel-path", "The path on the server.", default="/v1/metrics"),
            word("otel-protocol", "The protocol.", "http https", "https"),
            text("otel-resource-attributes", "More attributes, in base64.", max_length=1024),
            whole("otel-timeout", "How long to wait.", 1, 10, 5, unit="seconds"),
            flag("otel-verify-ssl", "Whether the certificate is checked.", True),
            _PORT,
            _SERVER,
        ),
    ),
)  # fmt: skip
