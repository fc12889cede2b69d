"""A served cluster in a thread: for programs and tests that have something else to do."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from typing import Any, Self

from appliance.model.errors import UnavailableError
from scenarios.served import control
from scenarios.served.client import Remote
from scenarios.served.cluster import Wish, served, until
from scenarios.served.session import Session

START_S = 60.0


class Served:
    """`start` it or use it as a context; it answers until `close`.

    url: of the first node; urls: of each. ca: file with the authority to trust. token: an API token
    of root@pam, `USER@REALM!NAME=SECRET`.
    """

    def __init__(self, wish: Wish | None = None) -> None:
        self._wish = wish or Wish(port=0)
        self._session: Session | None = None
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._main, name="quorate", daemon=True)

    # life

    def start(self) -> Self:
        """Returns when it answers; raises what keeps it from that."""
        self._thread.start()
        if not self._ready.wait(START_S):
            raise UnavailableError("the simulated cluster does not start")
        if self._error is not None:
            raise self._error
        return self

    def close(self) -> None:
        """Stops listening. Raises what the world died of, if it did."""
        if self._loop is not None and self._ended is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(START_S)
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _main(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - it is raised where somebody waits for it
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        async with served(self._wish) as (session, pump):
            self._session = session
            self._ready.set()
            await until(self._ended, pump)

    # what it is

    @property
    def session(self) -> Session:
        if self._session is None:
            raise UnavailableError("the simulated cluster was not started")
        return self._session

    @property
    def url(self) -> str:
        return next(iter(self.session.urls.values()))

    @property
    def urls(self) -> Mapping[str, str]:
        return self.session.urls

    @property
    def port(self) -> int:
        return self.session.port

    @property
    def ca(self) -> str:
        return self.session.ca

    @property
    def user(self) -> str:
        return self.session.user

    @property
    def password(self) -> str:
        return self.session.password

    @property
    def token(self) -> str:
        return self.session.token

    # asking

    def call(self, verb: str, path: str, *, node: str | None = None, **parameters: Any) -> Any:
        """The data of an answer of that node (the first); its error raised as it was there."""
        first = next(iter(self.urls))
        return self.session.remote(node or first).call(verb, path, parameters)

    # time

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self._beside.call("GET", "/simulation/status")
        return found

    def pause(self) -> None:
        """Time stands still; requests are answered all the same."""
        self._beside.call("POST", "/simulation/pause")

    def resume(self) -> None:
        self._beside.call("POST", "/simulation/resume")

    def speed(self, factor: float | str) -> None:
        """Simulated seconds in one, or `max`."""
        self._beside.call("PUT", "/simulation/speed", {"speed": factor})

    def step(self, seconds: float) -> dict[str, Any]:
        """Let so much simulated time pass, and wait until it has; the status then."""
        return control.step(self._beside, seconds)

    # fate

    def inject(self, kind: str, **about: Any) -> int:
        """Let something go wrong, in the words of scenario files; the fault's number."""
        made = self._beside.call("POST", "/simulation/faults", {"kind": kind, **about})
        return int(made["id"])

    def heal(self, number: int | None = None) -> None:
        """End a fault, or all of them."""
        tail = "" if number is None else f"/{number}"
        self._beside.call("DELETE", f"/simulation/faults{tail}")

    def faults(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._beside.call("GET", "/simulation/faults")
        return found

    def events(self, after: int = 0) -> list[dict[str, Any]]:
        """What happened, after the event of that number."""
        given = {"after": after, "limit": 20_000}
        found: list[dict[str, Any]] = self._beside.call("GET", "/simulation/events", given)
        return found

    @property
    def _beside(self) -> Remote:
        return self.session.remote()
