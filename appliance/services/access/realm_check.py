"""Passwords, each checked where its realm keeps them."""

from __future__ import annotations

import contextlib

from appliance.core.access.passwords import (
    SALT_BYTES,
    check_password,
    hash_password,
    is_outdated,
    waste_the_time_of_a_check,
)
from appliance.model.access.ids import split_user
from appliance.model.access.realms import DIRECTORIES
from appliance.model.errors import QuorateError, RefusedError
from appliance.services.access.files import REALMS, SHADOW, AccessFiles, Draft, bind_secret
from appliance.services.access.ports import AccessPorts


class RealmCheck:
    """Of one node."""

    def __init__(self, ports: AccessPorts, files: AccessFiles) -> None:
        self._ports, self._files = ports, files

    async def accepts(self, userid: str, password: str) -> bool:
        """Whether this is the user's password. UnavailableError where nobody can tell."""
        name, realm_name = split_user(userid)
        realm = self._files.read(REALMS).realms.get(realm_name)
        if realm is None or not password or "\0" in password:
            return False
        if realm.type == "pam":
            return await self._ports.passwords.check(name, password)
        if realm.type == "pve":
            return await self._own(name, password)
        if realm.type in DIRECTORIES and self._ports.directory is not None:
            secret = self._files.read(bind_secret(realm.name))
            return await self._ports.directory.check(realm, secret, name, password)
        return False

    async def _own(self, name: str, password: str) -> bool:
        kept = self._files.read(SHADOW).by_name.get(name)
        if kept is None:
            waste_the_time_of_a_check(password)
            return False
        if not check_password(password, kept):
            return False
        if is_outdated(kept):
            # A better hash can wait: the login is good without it.
            with contextlib.suppress(QuorateError):
                await self._renew(name, kept, self.hashed(password))
        return True

    async def _renew(self, name: str, old: str, new: str) -> None:
        def edit(draft: Draft) -> None:
            shadow = draft.read(SHADOW)
            if shadow.by_name.get(name) == old:
                draft.write(SHADOW, shadow.with_secret(name, new))

        await self._files.change(edit)

    def hashed(self, password: str) -> str:
        """The password as it is kept."""
        return hash_password(password, bytes.fromhex(self._ports.entropy.token(SALT_BYTES)))

    async def change_outside(self, userid: str, password: str) -> bool:
        """Whether the operating system keeps this user's password: then it is changed by now, on
        this node. RefusedError, UnavailableError.
        """
        name, realm_name = split_user(userid)
        realm = self._files.read(REALMS).realms.get(realm_name)
        if realm is None or realm.type != "pam":
            return False
        await self._ports.passwords.change(name, password)
        return True

    def set_password(self, draft: Draft, userid: str, hashed: str) -> None:
        """Within a change. RefusedError for realms whose passwords are not kept here."""
        name, realm_name = split_user(userid)
        realm = draft.read(REALMS).realms.get(realm_name)
        if realm is None or realm.type != "pve":
            kind = "no realm" if realm is None else f"of type {realm.type}"
            raise RefusedError(
                f"passwords of realm '{realm_name}' ({kind}) are not kept by the cluster; change "
                "them where they are"
            )
        draft.write(SHADOW, draft.read(SHADOW).with_secret(name, hashed))
