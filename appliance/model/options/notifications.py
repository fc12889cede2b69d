"""notifications.cfg: where notifications go, and which ones go there."""

from __future__ import annotations

from appliance.model.formats.names import CONFIG_ID, USER_ID
from appliance.model.formats.network import EMAIL_OR_USER
from appliance.model.options.make import flag, text, whole, word
from appliance.model.section_config import SectionType

FILE = "notifications.cfg"
SECRETS_FILE = "priv/notifications.cfg"

_COMMON = (
    text("comment", "A remark."),
    flag("disable", "Whether nothing is sent there.", False),
)
_MAIL = (
    *_COMMON,
    text("author", "Who mails say that they are of."),
    text("mailto", "Addresses that mails go to.", EMAIL_OR_USER, repeated=True),
    text("mailto-user", "Users whose addresses mails go to.", USER_ID, repeated=True),
)
_FROM = text("from-address", "The sender of mails.")
ENDPOINT_TYPES = (
    SectionType("gotify", CONFIG_ID, (*_COMMON, text("server", "The server.", required=True))),
    SectionType("sendmail", CONFIG_ID, (*_MAIL, _FROM)),
    SectionType(
        "smtp",
        CONFIG_ID,
        (
            *_MAIL,
            text("from-address", "The sender of mails.", required=True),
            word("mode", "How the connection is protected.", "insecure starttls tls", "tls"),
            whole("port", "The port of the server."),
            text("server", "The server.", required=True),
            text("username", "The user to log in as."),
        ),
    ),
    SectionType(
        "webhook",
        CONFIG_ID,
        (
            *_COMMON,
            text("body", "What is sent, in base64."),
            text("header", "Headers of the request.", repeated=True),
            word("method", "How it is sent.", "post put get", required=True),
            text("url", "The address that it is sent to.", required=True),
        ),
    ),
)
# What nobody but the sender needs to read, by type of endpoint.
SECRETS = {
    "gotify": (text("token", "The token to send with.", required=True, secret=True),),
    "sendmail": (),
    "smtp": (text("password", "The password to log in with.", secret=True),),
    "webhook": (text("secret", "Secrets that the request uses.", repeated=True, secret=True),),
}
SECRET_TYPES = tuple(SectionType(name, CONFIG_ID, options) for name, options in SECRETS.items())
MATCHER_TYPES = (
    SectionType(
        "matcher",
        CONFIG_ID,
        (
            *_COMMON,
            flag("invert-match", "Whether what does not match is meant."),
            text("match-calendar", "When it must have happened.", repeated=True),
            text("match-field", "What a field must be.", repeated=True),
            text("match-severity", "How severe it must be.", repeated=True),
            word("mode", "Whether all of it must match.", "all any", "all"),
            text("target", "Where it goes.", CONFIG_ID, repeated=True),
        ),
    ),
)
