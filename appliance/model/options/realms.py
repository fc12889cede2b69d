"""domains.cfg: where users are known, and how each realm is asked."""

from __future__ import annotations

from dataclasses import replace

from appliance.model.formats.names import LDAP_ATTRIBUTE, REALM
from appliance.model.formats.network import ADDRESS
from appliance.model.options.make import flag, text, whole, word
from appliance.model.property_string import Properties
from appliance.model.section_config import SectionType

FILE = "domains.cfg"

_CLAIM = r'^[^\x00-\x1F\x7F <>#"]*$'

SYNC = Properties(
    (
        flag("enable-new", "Whether new users are enabled.", True),
        flag("full", "Older: whether users that are gone are removed."),
        flag("purge", "Older: whether access of what is gone is removed."),
        text(
            "remove-vanished",
            "What is removed of users that are gone: acl, properties, entry, or none.",
            pattern=r"(?:(?:(?:acl|properties|entry);)*(?:acl|properties|entry))|none",
            default="none",
        ),
        word("scope", "What is taken over.", "users groups both"),
    ),
    name="realm-sync-options",
)
TFA = Properties(
    (
        word("type", "Which second factor.", "yubico oath", required=True),
        whole("digits", "How many digits a code has.", 6, 8, 6),
        text("id", "The id at the service."),
        text("key", "The key at the service.", secret=True),
        whole("step", "How long a code holds.", 10, default=30, unit="seconds"),
        text("url", "The address of the service."),
    ),
    name="pve-tfa-config",
)

_COMMENT = text("comment", "A remark.", max_length=4096, percent=True)
_BASICS = (
    _COMMENT,
    flag("default", "Whether it is chosen in the login form."),
    text("tfa", "The second factor that all of its users need.", TFA, max_length=128),
)
_DIRECTORY = (
    *_BASICS,
    text("bind_dn", "The entry that logs in to look for users.", max_length=256),
    text("capath", "Where certificates of authorities are.", default="/etc/ssl/certs"),
    flag("case-sensitive", "Whether upper and lower case differ in user names.", True),
    text("cert", "The client's certificate."),
    text("certkey", "The key of the client's certificate."),
    text("filter", "Which users are taken over.", max_length=2048),
    text("group_classes", "Classes of entries that are groups.", LDAP_ATTRIBUTE, many=True,
         default="groupOfNames, group, univentionGroup, ipausergroup"),
    text("group_dn", "The entry below which groups are.", max_length=256),
    text("group_filter", "Which groups are taken over.", max_length=2048),
    text("group_name_attr", "The attribute with a group's name.", LDAP_ATTRIBUTE, max_length=256),
    word("mode", "How the connection is protected.", "ldap ldaps ldap+starttls", "ldap"),
    text("password", "The password that goes with bind_dn.", secret=True),
    whole("port", "The port of the servers.", 1, 65535),
    flag("secure", "Older: whether the connection is protected; mode is used now."),
    text("server1", "The server.", ADDRESS, max_length=256, required=True),
    text("server2", "The server that is asked if the first is silent.", ADDRESS, max_length=256),
    word("sslversion", "The version of TLS.", "tlsv1 tlsv1_1 tlsv1_2 tlsv1_3"),
    text("sync-defaults-options", "What a synchronization does if nothing else is said.", SYNC),
    text("sync_attributes", "Which attribute of an entry fills which field of a user.",
         pattern=r"\w+=[^,]+(,\s*\w+=[^,]+)*"),
    text("user_classes", "Classes of entries that are users.", LDAP_ATTRIBUTE, many=True,
         default="inetorgperson, posixaccount, person, user"),
    flag("verify", "Whether the servers' certificates are checked.", False),
)  # fmt: skip
_BASE_DN = text("base_dn", "The entry below which users are.", max_length=256)
_USER_ATTRIBUTE = text("user_attr", "The attribute with a user's name.", max_length=256,
                       pattern=r"\S{2,}")  # fmt: skip
_OPENID = (
    *_BASICS[:2],
    text("acr-values", "What kind of login is asked for.", pattern=_CLAIM),
    text("audiences", "Who else tokens may be made for.", pattern=_CLAIM),
    flag("autocreate", "Whether unknown users are made when they log in.", False),
    text("client-id", "The id of the appliance at the provider.", max_length=256, required=True),
    text("client-key", "The key of the appliance at the provider.", max_length=256, secret=True),
    flag("groups-autocreate", "Whether unknown groups are made.", False),
    text("groups-claim", "The claim with a user's groups.", max_length=256,
         pattern=r"(?:[A-Za-z0-9\.\-_]+)"),
    flag("groups-overwrite", "Whether a user leaves groups that the claim does not name.", False),
    text("issuer-url", "The address of the provider.", max_length=256, required=True),
    text("prompt", "Whether the provider asks the user again.",
         pattern=r"(?:none|login|consent|select_account|\S+)"),
    flag("query-userinfo", "Whether the provider is asked for more about the user.", True),
    text("scopes", "What is asked for.", default="email profile"),
    text("username-claim", "The claim with a user's name.", fixed=True),
)  # fmt: skip

TYPES = (
    SectionType(
        "ad",
        REALM,
        (
            *_DIRECTORY,
            _BASE_DN,
            text("domain", "The domain of its users.", max_length=256, pattern=r"\S+",
                 required=True),
            _USER_ATTRIBUTE,
        ),
    ),
    SectionType(
        "ldap",
        REALM,
        (*_DIRECTORY, replace(_BASE_DN, required=True), replace(_USER_ATTRIBUTE, required=True)),
    ),
    SectionType("openid", REALM, _OPENID),
    SectionType("pam", REALM, _BASICS),
    SectionType("pve", REALM, _BASICS),
)  # fmt: skip
