"""Everything about users on one node, for one boot."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.core.access import tickets
from appliance.core.access.credentials import TicketShown, TokenShown
from appliance.core.access.permissions import Access, unusable
from appliance.core.access.token_secrets import check_secret
from appliance.model.errors import ForbiddenError, UnauthenticatedError
from appliance.model.events.access import AccountChanged
from appliance.services.access.files import TOKENS, AccessFiles
from appliance.services.access.key_ring import KeyRing
from appliance.services.access.login import SOURCE, Login
from appliance.services.access.ports import AccessPorts
from appliance.services.access.realm_check import RealmCheck


class Accounts:
    """The files, the keys of tickets, and logins; operations are in the modules beside this."""

    def __init__(self, ports: AccessPorts) -> None:
        self.ports = ports
        self.files = AccessFiles(ports.store)
        self.keys = KeyRing(ports.store, ports.clock, ports.entropy)
        self.realms = RealmCheck(ports, self.files)
        self.login = Login(ports, self.files, self.keys, self.realms)

    def access(self) -> Access:
        """The permissions of now."""
        return self.files.access()

    def identify(self, shown: TicketShown | TokenShown) -> str:
        """The user or token that shows this. UnauthenticatedError if it is not good, or no more."""
        if isinstance(shown, TokenShown):
            authid = self._token(shown)
        else:
            keys = self.keys.keys()
            if keys is None:
                raise UnauthenticatedError("invalid ticket")
            authid = tickets.read_ticket(keys, shown.text, self.now_s()).user
        why = unusable(self.access().config, authid, self.now_s())
        if why is not None:
            raise UnauthenticatedError("invalid ticket or token")
        return authid

    def check_csrf(self, user: str, token: str) -> None:
        """UnauthenticatedError unless the token was made for this user."""
        keys = self.keys.keys()
        if keys is None:
            raise UnauthenticatedError("invalid csrf token")
        tickets.check_csrf_token(keys, user, token, self.now_s())

    async def console_ticket(self, authid: str, path: str) -> str:
        """For one console on that path of permissions, for 40 seconds."""
        keys = await self.keys.to_sign()
        return tickets.issue_console_ticket(keys, authid, path, self.now_s())

    def check_console(self, ticket: str, authid: str, path: str, wanted: Sequence[str]) -> None:
        """Whether this opens a console: given to that user for that path, who still has all of
        these privileges there. UnauthenticatedError, ForbiddenError.
        """
        keys = self.keys.keys()
        if keys is None:
            raise UnauthenticatedError("invalid console ticket")
        tickets.check_console_ticket(keys, ticket, authid, path, self.now_s())
        if unusable(self.access().config, authid, self.now_s()) is not None:
            raise UnauthenticatedError("invalid console ticket")
        self.need(authid, path, wanted)

    def need(self, authid: str, path: str, wanted: Sequence[str]) -> None:
        """ForbiddenError unless all these privileges hold on the path."""
        found = self.access().privileges(authid, path)
        lacks = [privilege for privilege in wanted if privilege not in found]
        if lacks:
            raise ForbiddenError(f"Permission check failed ({path}, {lacks[0]})")

    def tell(self, by: str, what: str) -> None:
        """Into the journal; `what` never holds a secret."""
        self.ports.journal.emit(SOURCE, AccountChanged(by, what))

    def now_s(self) -> float:
        return self.ports.clock.wall()

    def _token(self, shown: TokenShown) -> str:
        kept = self.files.read(TOKENS).by_name.get(shown.tokenid)
        if kept is None or not check_secret(shown.secret, kept):
            raise UnauthenticatedError("invalid API token")
        return shown.tokenid
