"""Backups: vzdump.conf, the backup jobs of jobs.cfg, retention, bandwidth."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.model.errors import ConfigError
from appliance.model.formats.names import NODE, STORAGE_ID, VMID
from appliance.model.formats.network import EMAIL_OR_USER
from appliance.model.option_table import OptionTable
from appliance.model.options.make import flag, number, text, whole, word
from appliance.model.property_string import Properties

VZDUMP_FILE = "vzdump.conf"

BWLIMIT = Properties(
    tuple(
        number(key, f"The limit of {what}; 0 is none.", 0, unit="KiB per second")
        for key, what in (
            ("clone", "clones"),
            ("default", "all that is not named here"),
            ("migration", "migrations"),
            ("move", "moves of disks"),
            ("restore", "restores"),
        )
    )
)


def _keeps(values: Mapping[str, object]) -> None:
    if (
        values.get("keep-all")
        and len(values) > 1
        and any(value for key, value in values.items() if key != "keep-all")
    ):
        raise ConfigError("cannot be given with other keep options", field="keep-all")


PRUNE = Properties(
    (
        flag("keep-all", "Whether every backup is kept."),
        whole("keep-last", "How many of the last backups are kept.", 0),
        *(
            whole(f"keep-{span}", f"For how many {what} the last backup of each is kept.", 0)
            for span, what in (
                ("daily", "days"),
                ("hourly", "hours"),
                ("monthly", "months"),
                ("weekly", "weeks"),
                ("yearly", "years"),
            )
        ),
    ),
    name="prune-backups",
    check=_keeps,
)


FLEECING = Properties(
    (
        flag("enabled", "Whether what the guest overwrites is put aside first.", False),
        text("storage", "Where it is put.", STORAGE_ID),
    ),
    "enabled",
    "backup-fleecing",
)
PERFORMANCE = Properties(
    (
        whole("max-workers", "How many blocks of a VM are read at a time.", 1, 256, 16),
        whole("pbs-entries-max", "How many entries of a container are held in memory.", 1,
              default=1048576),
    ),
    name="backup-performance",
)  # fmt: skip

_WHAT = (
    flag("all", "Whether all guests of the node are backed up.", False),
    text("exclude", "Guests that are left out of all.", VMID, many=True),
    text("exclude-path", "Paths inside containers that are left out.", repeated=True),
    text("node", "The only node that does it.", NODE),
    text("pool", "The pool whose guests are backed up."),
    flag("stdexcludes", "Whether temporary files of containers are left out.", True),
    text("vmid", "The guests that are backed up.", VMID, many=True),
)
_WHERE = (
    text("dumpdir", "The directory that backups are written to."),
    text("notes-template", "The notes of each backup, with {{guestname}} and the like filled in.",
         max_length=1024, requires="storage"),
    flag("protected", "Whether the backups cannot be removed.", requires="storage"),
    text("prune-backups", "Which older backups are kept.", PRUNE, default="keep-all=1"),
    flag("remove", "Whether older backups are removed.", True),
    text("storage", "The storage that backups are written to.", STORAGE_ID),
    text("tmpdir", "A directory for temporary files."),
)  # fmt: skip
_HOW = (
    whole("bwlimit", "At most so much is read; 0 is no limit.", 0, default=0,
          unit="KiB per second"),
    word("compress", "How backups are compressed; 0 is not, 1 is lzo.", "0 1 gzip lzo zstd", "0"),
    text("fleecing", "Whether slow targets do not slow the guest.", FLEECING),
    whole("ionice", "The priority of reading, 8 is idle.", 0, 8, 7),
    whole("lockwait", "How long to wait for another backup.", 0, default=180, unit="minutes"),
    word("mode", "What happens to a running guest.", "snapshot suspend stop", "snapshot"),
    word("pbs-change-detection-mode", "How changed files of containers are found.",
         "legacy data metadata"),
    text("performance", "Finer settings of speed.", PERFORMANCE),
    whole("pigz", "Threads of gzip; 1 takes half of the CPUs.", default=0),
    text("script", "A program that is called at each step."),
    flag("stop", "Whether running backups of this node are ended instead.", False),
    whole("stopwait", "How long to wait for a guest to stop.", 0, default=10, unit="minutes"),
    whole("zstd", "Threads of zstd; 0 takes half of the CPUs.", default=1),
)  # fmt: skip
_TOLD = (
    word("mailnotification", "When mail is sent.", "always failure", "always"),
    text("mailto", "Who gets mail.", EMAIL_OR_USER, many=True),
    word("notification-mode", "How results are told.",
         "auto legacy-sendmail notification-system", "auto"),
    flag("quiet", "Whether less is written to the log.", False),
)  # fmt: skip

OPTIONS = OptionTable(sorted((*_WHAT, *_WHERE, *_HOW, *_TOLD), key=lambda option: option.name))
