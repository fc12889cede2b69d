"""domains.cfg: the realms that users log in to, a section each.

`pam` (users of the operating system) and `pve` (users of this cluster) are always there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from appliance.model.access.ids import is_realm
from appliance.model.errors import ConfigError
from appliance.model.option import Format, Option
from appliance.model.property_string import PropertyString, parse_property_string
from appliance.model.section_config import (
    Document,
    SectionType,
    Wanted,
    merge_sections,
    read_sections,
    write_sections,
)

FILE = "domains.cfg"
BUILT_IN: Mapping[str, str] = {
    "pam": "Users of the operating system",
    "pve": "Users of this cluster",
}
DIRECTORIES = ("ldap", "ad")

_VANISHED = r"(?:(?:(?:acl|properties|entry);)*(?:acl|properties|entry))|none"
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]*", re.ASCII)


def _matching(pattern: str) -> Callable[[str], str]:
    compiled = re.compile(pattern, re.ASCII)

    def parse(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(text)
        return text

    return parse


def _attribute(text: str) -> str:
    if not _ATTRIBUTE.fullmatch(text):
        raise ValueError(text)
    return text


def _realm(text: str) -> str:
    if not is_realm(text):
        raise ValueError(text)
    return text


REALM = Format("pve-realm", "a letter, then up to 31 letters, digits, '.', '-' or '_'", _realm)
_ADDRESS = Format("address", "a host name or an address", _matching(r"[A-Za-z0-9.:_\[\]-]+"))
_PLAIN = Format(
    "plain", "no blanks, quotes or angle brackets", _matching(r'[^\x00-\x1F\x7F <>#"]*')
)
_WORD = Format("word", "a text without blanks", _matching(r"\S+"))
_ATTR = Format("ldap-simple-attr", "a letter, then letters, digits or '-'", _attribute)
VANISHED = Format(
    "remove-vanished",
    "'none', or some of acl, properties and entry with ';' between",
    _matching(_VANISHED),
)

SYNC_OPTIONS = (
    Option("enable-new", "Whether new users may log in.", kind="boolean", default=True),
    Option("full", "Older word for remove-vanished=entry;properties.", kind="boolean"),
    Option("purge", "Older word for remove-vanished=acl.", kind="boolean"),
    Option("remove-vanished", "What goes with those who are gone.", format=VANISHED),
    Option("scope", "What is synchronised.", choices=("users", "groups", "both")),
)
TFA_OPTIONS = (
    Option("type", "The kind of second factor.", choices=("yubico", "oath"), required=True),
    Option("digits", "Digits of a one-time password.", kind="integer", minimum=6, maximum=8),
    Option("step", "Seconds that one is valid.", kind="integer", minimum=10),
    Option("id", "Of the Yubico service."),
    Option("key", "Of the Yubico service."),
    Option("url", "Of the Yubico service."),
)


def _properties(options: tuple[Option, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        try:
            parse_property_string(text, options)
        except ConfigError as error:
            raise ValueError(str(error)) from None
        return text

    return parse


_SYNC = Format(
    "realm-sync-options",
    "enable-new=BOOLEAN, remove-vanished=LIST and scope=users|groups|both",
    _properties(SYNC_OPTIONS),
)
_TFA = Format("pve-tfa-config", "type=oath or type=yubico, with its keys", _properties(TFA_OPTIONS))

_COMMON = (
    Option("comment", "A remark, shown at the login.", max_length=4096, percent=True),
    Option("default", "Whether the login offers this realm first.", kind="boolean"),
    Option("tfa", "The second factor that all of the realm need.", max_length=128, format=_TFA),
)
_SERVER = (
    Option("server1", "The directory's server.", max_length=256, format=_ADDRESS, required=True),
    Option("server2", "A server to ask when the first is silent.", max_length=256, format=_ADDRESS),
    Option("port", "Its port.", kind="integer", minimum=1, maximum=65535),
    Option("secure", "Older word for mode=ldaps.", kind="boolean"),
    Option("mode", "How it is spoken to.", choices=("ldap", "ldaps", "ldap+starttls")),
    Option("sslversion", "The version of TLS.", choices=("tlsv1", "tlsv1_1", "tlsv1_2", "tlsv1_3")),
    Option("verify", "Whether the server's certificate is checked.", kind="boolean"),
    Option("capath", "The certificates it is checked with."),
    Option("cert", "The certificate shown to the server."),
    Option("certkey", "Its key."),
    Option("bind_dn", "Who reads the directory.", max_length=256),
    Option("filter", "Which users count.", max_length=2048),
    Option("group_dn", "Where groups are.", max_length=256),
    Option("group_filter", "Which groups count.", max_length=2048),
    Option("group_name_attr", "The attribute with a group's name.", max_length=256, format=_ATTR),
    Option("group_classes", "Classes that are groups.", format=_ATTR, many=True),
    Option("user_classes", "Classes that are users.", format=_ATTR, many=True),
    Option(
        "sync_attributes",
        "Which attributes are taken over, as email=mail,firstname=givenName.",
        format=Format(
            "sync-attributes", "NAME=ATTRIBUTE, ...", _matching(r"\w+=[^,]+(,\s*\w+=[^,]+)*")
        ),
    ),
    Option("sync-defaults-options", "Options of a synchronisation.", format=_SYNC),
    Option("case-sensitive", "Whether JOE is another user than joe.", kind="boolean"),
)


def _base(required: bool) -> Option:
    return Option("base_dn", "Where users are.", max_length=256, required=required)


def _user_attr(required: bool) -> Option:
    form = Format("user-attr", "two or more characters, no blanks", _matching(r"\S{2,}"))
    sentence = "The attribute with a user's name."
    return Option("user_attr", sentence, max_length=256, format=form, required=required)


_DOMAIN = Option("domain", "The AD domain.", max_length=256, format=_WORD, required=True)
_OPENID = (
    Option("issuer-url", "The provider.", max_length=256, format=_PLAIN, required=True),
    Option("client-id", "Our name there.", max_length=256, format=_PLAIN, required=True),
    Option("client-key", "Our secret there.", max_length=256),
    Option("autocreate", "Whether whoever it knows becomes a user.", kind="boolean"),
    Option("username-claim", "The claim that names the user.", format=_WORD),
    Option("groups-claim", "The claim that names groups.", max_length=256, format=_WORD),
    Option("groups-autocreate", "Whether groups are created.", kind="boolean"),
    Option("groups-overwrite", "Whether other groups are left.", kind="boolean"),
    Option("query-userinfo", "Whether the user's data are asked for.", kind="boolean"),
    Option("prompt", "What the provider asks the user.", format=_WORD),
    Option("scopes", "What is asked for."),
    Option("acr-values", "How sure the provider must be.", format=_PLAIN),
    Option("audiences", "Whom answers may be meant for.", format=_PLAIN),
)

TYPES = (
    SectionType("pam", REALM, _COMMON),
    SectionType("pve", REALM, _COMMON),
    SectionType("ldap", REALM, (*_COMMON, *_SERVER, _base(True), _user_attr(True))),
    SectionType("ad", REALM, (*_COMMON, *_SERVER, _DOMAIN, _base(False), _user_attr(False))),
    SectionType("openid", REALM, (*_COMMON, *_OPENID)),
)
OPTIONS: Mapping[str, tuple[Option, ...]] = {kind.name: kind.options for kind in TYPES}


@dataclass(frozen=True, slots=True)
class Realm:
    """A realm and the options written for it. A directory's password is not among them."""

    name: str
    type: str
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def tfa(self) -> PropertyString | None:
        """The second factor that everybody in this realm needs."""
        text = self.values.get("tfa")
        return parse_property_string(str(text), TFA_OPTIONS) if text else None

    @property
    def case_sensitive(self) -> bool:
        return self.values.get("case-sensitive") is not False


@dataclass(frozen=True, slots=True)
class Realms:
    """The file, with the built-in realms even where they are not written."""

    realms: Mapping[str, Realm]
    document: Document = field(default_factory=Document, compare=False, repr=False)
    problems: tuple[ConfigError, ...] = field(default=(), compare=False, repr=False)


def parse_realms(text: str, *, strict: bool = False, file: str = FILE) -> Realms:
    """Read the file. Lenient reading leaves out what is bad, see `problems`; strict raises."""
    reading = read_sections(text, TYPES, file=file, strict=strict)
    found = {name: Realm(name, name, {"comment": text}) for name, text in BUILT_IN.items()}
    for item in reading.found:
        name = item.section.id
        if name not in BUILT_IN or item.section.type == name:
            found[name] = Realm(name, item.section.type, item.values)
    return Realms(found, reading.document, reading.problems)


def write_realms(realms: Iterable[Realm], document: Document | None = None) -> str:
    """The text. Content of `document` that is not about known options stays."""
    wanted = [Wanted(realm.type, realm.name, realm.values) for realm in realms]
    return write_sections(merge_sections(document or Document(), TYPES, wanted))


def check_realm(name: str, kind: str, values: Mapping[str, object]) -> Realm:
    """A realm of these values. ConfigError for a missing option or one of another type."""
    if kind not in OPTIONS:
        raise ConfigError(f"'{kind}' is not one of {', '.join(OPTIONS)}", field="type")
    known = {option.name: option for option in OPTIONS[kind]}
    for given in values:
        if given not in known:
            raise ConfigError(f"is no option of realms of type {kind}", field=given)
    for option in known.values():
        if option.required and values.get(option.name) is None:
            raise ConfigError(f"is missing, realms of type {kind} need it", field=option.name)
    return Realm(name, kind, {key: value for key, value in values.items() if value is not None})
