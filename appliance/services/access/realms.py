"""Realms: made, changed, removed, and synchronised with their directories."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.core.access.realm_sync import SyncOptions, sync_options, synchronised
from appliance.model.access.realms import (
    BUILT_IN,
    DIRECTORIES,
    FILE,
    SECRET,
    TYPES,
    Realm,
    parse_realms,
)
from appliance.model.digest import check_digest
from appliance.model.errors import (
    ConfigError,
    ExistsError,
    MissingError,
    RefusedError,
    UnavailableError,
)
from appliance.model.section_config import Document, Section, read_sections, write_sections
from appliance.model.section_edit import (
    edited,
    find_section,
    one_line,
    type_of,
    with_section,
    without_section,
)
from appliance.ports.realms import Directory
from appliance.services.access.accounts import Accounts
from appliance.services.access.files import REALMS, USERS, Draft, Sheet, bind_secret
from appliance.services.access.users import forget
from appliance.services.config.sections import check_deleted, check_id, check_texts
from appliance.services.tasks.context import TaskContext


def _document(text: str) -> Document:
    return read_sections(text, TYPES, file=FILE).document


# The file as it stands: what a call brought is what is read back. Not to be read in one change
# together with REALMS, which is the same file.
SECTIONS: Sheet[Document] = Sheet(FILE, _document, write_sections)


@dataclass(frozen=True, slots=True)
class RealmChange:
    """texts: options as given. secret: of the directory's `bind_dn`; empty: it goes.

    digest: of the file that the change is meant for. probe: ask the directory first.
    """

    name: str
    texts: Mapping[str, str] = field(default_factory=dict)
    delete: tuple[str, ...] = ()
    secret: str | None = field(default=None, repr=False)
    digest: str | None = None
    probe: bool = False


def existing_realm(accounts: Accounts, name: str) -> Realm:
    """MissingError."""
    realm = accounts.files.read(REALMS).realms.get(name)
    if realm is None:
        raise MissingError(f"domain '{name}' does not exist")
    return realm


async def create_realm(accounts: Accounts, by: str, kind: str, change: RealmChange) -> None:
    """ExistsError, ConfigError, RefusedError for another realm of the built-in types."""
    declared = type_of(TYPES, kind)
    check_id(declared, change.name, "realm")
    if kind in BUILT_IN:
        raise RefusedError(f"there is one realm of type {kind}, which is built in")

    def make(document: Document) -> Section:
        if change.name in BUILT_IN or find_section(document, TYPES, change.name) is not None:
            raise ExistsError(f"domain '{change.name}' already exists")
        check_texts(declared, change.texts, new=True)
        return edited(Section(kind, change.name), declared, change.texts)

    await _write(accounts, change, make)
    accounts.tell(by, f"realm {change.name} created")


async def update_realm(accounts: Accounts, by: str, change: RealmChange) -> None:
    """MissingError, StaleError, ConfigError; built-in realms can be changed too."""

    def make(document: Document) -> Section:
        section = find_section(document, TYPES, change.name)
        if section is None:
            if change.name not in BUILT_IN:
                raise MissingError(f"domain '{change.name}' does not exist")
            section = Section(change.name, change.name)
        declared = type_of(TYPES, section.type)
        check_texts(declared, change.texts)
        gone = tuple(name for name in change.delete if name != SECRET)
        check_deleted(declared, change.texts, gone)
        return edited(section, declared, change.texts, gone)

    await _write(accounts, change, make)
    accounts.tell(by, f"realm {change.name} changed")


async def delete_realm(accounts: Accounts, by: str, name: str) -> None:
    """Its users stay, and cannot log in. MissingError, RefusedError for built-in ones."""
    if name in BUILT_IN:
        raise RefusedError(f"realm '{name}' is built in")

    def edit(draft: Draft) -> None:
        document = draft.read(SECTIONS)
        section = find_section(document, TYPES, name)
        if section is None:
            raise MissingError(f"domain '{name}' does not exist")
        draft.write(SECTIONS, without_section(document, section))
        draft.remove(bind_secret(name))

    await accounts.files.change(edit)
    accounts.tell(by, f"realm {name} deleted")


async def _write(
    accounts: Accounts, change: RealmChange, make: Callable[[Document], Section]
) -> None:
    def edit(draft: Draft) -> None:
        before = draft.read(SECTIONS)
        check_digest(draft.text(SECTIONS), change.digest)
        section = make(before)
        after = with_section(before, section)
        if "default" in change.texts and _is_default(section):
            after = _only_default(after, section)
        draft.write(SECTIONS, after)
        _keep_secret(draft, section, change)

    if change.probe:
        await _probe(accounts, make(accounts.files.read(REALMS).document), change)
    await accounts.files.change(edit)


def _is_default(section: Section) -> bool:
    entry = section.entry("default")
    return entry is not None and entry.value == "1"


def _only_default(document: Document, chosen: Section) -> Document:
    """The login offers one realm first: the others are that no more."""
    for section in document.sections:
        kind = next((one for one in TYPES if one.name == section.type), None)
        if kind is not None and section.id != chosen.id and section.entry("default") is not None:
            document = with_section(document, edited(section, kind, {}, ("default",)))
    return document


def _keep_secret(draft: Draft, section: Section, change: RealmChange) -> None:
    if change.secret and section.type not in DIRECTORIES:
        raise ConfigError(f"realms of type {section.type} have none", field=SECRET)
    if SECRET in change.delete or change.secret == "":
        draft.remove(bind_secret(change.name))
    elif change.secret:
        draft.write(bind_secret(change.name), one_line(SECRET, change.secret))


# asking the directory


async def _probe(accounts: Accounts, section: Section, change: RealmChange) -> None:
    """Before anything is written. ConfigError if the directory cannot be read like that."""
    text = write_sections(Document((section,)))
    realm = parse_realms(text, strict=True).realms[change.name]
    if realm.type not in DIRECTORIES:
        return
    secret = change.secret
    if secret is None:
        secret = accounts.files.read(bind_secret(change.name))
    try:
        await _directory(accounts).probe(realm, secret)
    except (UnavailableError, RefusedError) as error:
        raise ConfigError(f"the directory cannot be read: {error}", field="server1") from None


def _directory(accounts: Accounts) -> Directory:
    found = accounts.ports.directory
    if found is None:
        raise UnavailableError("this node has no means to ask directories")
    return found


@dataclass(frozen=True, slots=True)
class Sync:
    """A synchronisation that can begin. dry: say what would change, and change nothing."""

    realm: Realm
    options: SyncOptions
    dry: bool = False


def prepare_sync(accounts: Accounts, name: str, given: Mapping[str, Any], *, dry: bool) -> Sync:
    """MissingError, ConfigError, RefusedError for realms that are no directory."""
    realm = existing_realm(accounts, name)
    if realm.type not in DIRECTORIES:
        raise RefusedError(f"realm '{name}' is of type {realm.type}, which has no directory")
    _directory(accounts)
    return Sync(realm, sync_options(given, realm.sync_defaults), dry)


async def run_sync(accounts: Accounts, by: str, sync: Sync, task: TaskContext) -> None:
    """Take over what the directory says. Users who go take their secrets along."""
    realm, name = sync.realm, sync.realm.name
    task.log(f"asking the directory of realm '{name}'")
    secret = accounts.files.read(bind_secret(name))
    content = await _directory(accounts).content(realm, secret)
    task.log(f"it has {len(content.users)} users and {len(content.groups)} groups")

    def edit(draft: Draft) -> tuple[str, ...]:
        before = draft.read(USERS)
        done = synchronised(before, name, content.users, content.groups, sync.options)
        if not sync.dry and done.config != before:
            draft.write(USERS, done.config)
            for userid, user in before.users.items():
                if userid not in done.config.users:
                    forget(draft, userid, user)
        return done.lines

    _told(task, await accounts.files.change(edit))
    if sync.dry:
        task.log("this was a rehearsal, nothing was changed")
    else:
        accounts.tell(by, f"realm {name} synchronised")


def _told(task: TaskContext, lines: Iterable[str]) -> None:
    for line in lines:
        task.log(line)
