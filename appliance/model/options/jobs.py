"""jobs.cfg: backups and synchronizations of realms that run by the calendar."""

from __future__ import annotations

from appliance.model.formats.names import CONFIG_ID, REALM
from appliance.model.formats.times import CALENDAR_EVENT
from appliance.model.options import backup
from appliance.model.options.make import flag, text, word
from appliance.model.section_config import SectionType

FILE = "jobs.cfg"

_COMMON = (
    text("comment", "A remark.", max_length=512),
    flag("enabled", "Whether it runs.", True),
    text("schedule", "When it runs.", CALENDAR_EVENT, max_length=128, required=True),
)
TYPES = (
    SectionType(
        "realm-sync",
        CONFIG_ID,
        (
            *_COMMON,
            flag("enable-new", "Whether new users are enabled.", True),
            text("realm", "The realm.", REALM, max_length=32, required=True, fixed=True),
            text(
                "remove-vanished",
                "What is removed of users that are gone: acl, properties, entry, or none.",
                pattern=r"(?:(?:(?:acl|properties|entry);)*(?:acl|properties|entry))|none",
                default="none",
            ),
            word("scope", "What is taken over.", "users groups both", required=True),
        ),
    ),
    SectionType(
        "vzdump",
        CONFIG_ID,
        (
            *_COMMON,
            *backup.OPTIONS,
            flag("repeat-missed", "Whether it runs at boot if it could not run on time.", False),
        ),
    ),
)
