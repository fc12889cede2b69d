"""Logging in: a password (or a ticket that is about to run out), then a second factor if needed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from appliance.core.access import second_factor, tickets
from appliance.core.access.attempts import Attempts
from appliance.core.access.permissions import unusable
from appliance.core.access.second_factor import Misses, Outcome
from appliance.model.access.ids import is_user
from appliance.model.access.tfa_cfg import TotpFactor, UserFactors
from appliance.model.errors import (
    NotQuorateError,
    QuorateError,
    UnauthenticatedError,
    UnavailableError,
)
from appliance.model.events.access import LoginBad, LoginGood
from appliance.services.access.files import FACTORS, REALMS, USERS, AccessFiles, Draft
from appliance.services.access.key_ring import KeyRing
from appliance.services.access.ports import AccessPorts
from appliance.services.access.realm_check import RealmCheck

FAILED = "authentication failure"
SOURCE = "access"


@dataclass(frozen=True, slots=True)
class Session:
    """What a login gives. `partial`: the ticket is only good for showing the second factor."""

    user: str
    ticket: str = field(repr=False)
    csrf: str = field(repr=False)
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody shows to log in.

    `challenge` is the partial ticket that `password` answers, as `totp:123456` or `recovery:...`;
    `otp` a one-time password that is shown together with the password.
    """

    user: str
    password: str = field(repr=False)
    address: str = ""
    otp: str | None = field(default=None, repr=False)
    challenge: str | None = field(default=None, repr=False)


class Login:
    """Of one node. Counts failures by user and by address."""

    def __init__(
        self, ports: AccessPorts, files: AccessFiles, keys: KeyRing, realms: RealmCheck
    ) -> None:
        self._ports, self._files, self._keys, self._realms = ports, files, keys, realms
        self._clock = ports.clock
        self._attempts = Attempts()
        self._misses: dict[str, Misses] = {}
        self._used: dict[tuple[str, str], int] = {}

    async def login(self, shown: Shown) -> Session:
        """UnauthenticatedError, the same whatever is wrong, so that nobody learns who exists."""
        user = self._known(shown.user)
        if shown.challenge is None and tickets.is_ticket(shown.password):
            return await self._renewed(user, shown)
        self._may_try(user, shown.address)
        try:
            session = await self._tried(user, shown)
        except UnauthenticatedError as error:
            self._missed(user, shown, str(error))
            raise UnauthenticatedError(FAILED) from None
        if not session.partial:
            self._attempts.succeeded(user, shown.address, self._clock.monotonic())
            self._tell(LoginGood(user, shown.address or "this node"))
        return session

    async def confirm(self, user: str, password: str, address: str) -> None:
        """Whether it is really this user, before a change of passwords or second factors.

        UnauthenticatedError; counts as a login that failed.
        """
        shown = Shown(user, password, address)
        self._may_try(user, address)
        if not await self._realms.accepts(user, password):
            self._missed(user, shown, "wrong password for a change of secrets")
            raise UnauthenticatedError(FAILED)

    def _known(self, user: str) -> str:
        """The user's name as it is written here: some realms do not mind upper and lower case."""
        users = self._files.read(USERS).users
        realm = self._files.read(REALMS).realms.get(user.rpartition("@")[2])
        if user in users or realm is None or realm.case_sensitive:
            return user
        found = [name for name in users if name.lower() == user.lower()]
        return found[0] if len(found) == 1 else user

    def _may_try(self, user: str, address: str) -> None:
        wait_s = self._attempts.wait_s(user, address, self._clock.monotonic())
        if wait_s > 0:
            raise UnauthenticatedError(f"too many failed logins, try again in {wait_s + 1:.0f} s")

    def _missed(self, user: str, shown: Shown, why: str) -> None:
        self._attempts.failed(user, shown.address, self._clock.monotonic())
        # Names of nobody are not told: people type their password there.
        name = user if user in self._files.read(USERS).users else ""
        told = why if name else "no such user"
        self._tell(LoginBad(name, shown.address or "this node", told))

    def _tell(self, event: LoginGood | LoginBad) -> None:
        self._ports.journal.emit(SOURCE, event)

    async def _renewed(self, user: str, shown: Shown) -> Session:
        """No waiting here: a ticket cannot be guessed."""
        keys = self._keys.keys()
        now_s = self._clock.wall()
        if keys is None or tickets.read_ticket(keys, shown.password, now_s).user != user:
            raise UnauthenticatedError(FAILED)
        if unusable(self._files.read(USERS), user, now_s) is not None:
            raise UnauthenticatedError(FAILED)
        return await self.session(user)

    async def _tried(self, user: str, shown: Shown) -> Session:
        why = unusable(self._files.read(USERS), user, self._clock.wall())
        if not is_user(user) or why is not None:
            await self._as_if(user, shown)
            raise UnauthenticatedError(why or "no user name")
        if shown.challenge is not None:
            return await self._answered(user, shown.challenge, shown.password)
        if not await self._accepts(user, shown.password):
            raise UnauthenticatedError("wrong password")
        challenge = self._challenge(user)
        if challenge is None:
            return await self.session(user)
        if shown.otp is not None:
            await self._second_factor(user, f"totp:{shown.otp}")
            return await self.session(user)
        keys = await self._keys.to_sign()
        partial = tickets.issue_partial_ticket(keys, user, challenge, self._clock.wall())
        return replace(await self.session(user), ticket=partial, partial=True)

    async def _as_if(self, user: str, shown: Shown) -> None:
        """Take the time that a check of a password takes."""
        if is_user(user) and shown.challenge is None:
            await self._accepts(user, shown.password)

    async def _accepts(self, user: str, password: str) -> bool:
        try:
            return await self._realms.accepts(user, password)
        except QuorateError as error:
            raise UnauthenticatedError(f"the password cannot be checked: {error}") from None

    def _challenge(self, user: str) -> str | None:
        """What is asked for beside the password. UnauthenticatedError if nothing could answer."""
        factors = self._files.read(FACTORS).of(user)
        realm = self._files.read(REALMS).realms.get(user.rpartition("@")[2])
        wanted = realm.tfa if realm is not None else None
        if wanted is not None and not any(factor.enable for factor in factors.totp):
            raise UnauthenticatedError("the realm asks for a second factor, which the user lacks")
        return second_factor.challenge(factors)

    async def _answered(self, user: str, challenge: str, response: str) -> Session:
        keys = self._keys.keys()
        if keys is None:
            raise UnauthenticatedError("no keys")
        tickets.read_partial_ticket(keys, user, challenge, self._clock.wall())
        await self._second_factor(user, response)
        return await self.session(user)

    async def _second_factor(self, user: str, response: str) -> None:
        """What was used is written down before the login is good: it must not be used again."""
        now_s, misses = self._clock.wall(), self._misses.get(user, Misses())

        def edit(draft: Draft) -> Outcome:
            factors = draft.read(FACTORS)
            known = self._with_used(user, factors.of(user))
            outcome = second_factor.respond(known, response, misses, now_s)
            if outcome.factors != known:
                draft.write(FACTORS, factors.with_user(user, outcome.factors))
            return outcome

        try:
            outcome = await self._files.change(edit)
        except (NotQuorateError, UnavailableError):
            outcome = self._without_writing(user, response, misses, now_s)
        self._misses[user] = outcome.misses
        if not outcome.accepted:
            raise UnauthenticatedError(outcome.why)
        self._misses.pop(user, None)

    def _without_writing(self, user: str, response: str, misses: Misses, now_s: float) -> Outcome:
        """Without quorum a one-time password is remembered by this node alone, for it is over in
        a minute and a half. A recovery key would be good for ever: it is refused.
        """
        if not response.startswith("totp:"):
            raise UnauthenticatedError("only one-time passwords are taken without quorum")
        known = self._with_used(user, self._files.read(FACTORS).of(user))
        outcome = second_factor.respond(known, response, misses, now_s)
        for factor in outcome.factors.totp:
            self._used[user, factor.id] = factor.last_count
        return outcome

    def _with_used(self, user: str, factors: UserFactors) -> UserFactors:
        """With what this node has seen used and could not write down."""

        def seen(factor: TotpFactor) -> TotpFactor:
            count = max(factor.last_count, self._used.get((user, factor.id), 0))
            return replace(factor, last_count=count) if count != factor.last_count else factor

        return replace(factors, totp=tuple(seen(factor) for factor in factors.totp))

    async def session(self, user: str) -> Session:
        keys, now_s = await self._keys.to_sign(), self._clock.wall()
        ticket = tickets.issue_ticket(keys, user, now_s)
        return Session(user, ticket, tickets.issue_csrf_token(keys, user, now_s))

    async def open(self, user: str, address: str) -> Session:
        """A session for somebody whom an OpenID provider vouches for. UnauthenticatedError."""
        why = unusable(self._files.read(USERS), user, self._clock.wall())
        if why is not None:
            self._tell(LoginBad("", address, why))
            raise UnauthenticatedError(FAILED)
        self._tell(LoginGood(user, address))
        return await self.session(user)
