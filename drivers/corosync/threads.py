"""Calls that may block for ever, in a thread that nobody has to wait for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from appliance.model.errors import UnavailableError

T = TypeVar("T")
ANSWER_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class _Ended(Generic[T]):
    """How a call ended: a value, or an error."""

    value: T | None
    error: BaseException | None


async def in_thread(
    call: Callable[[], T], *, name: str, discard: Callable[[T], object] | None = None
) -> T:
    """Run it in a daemon thread and wait for it.

    When the waiting is cancelled the call goes on alone, and what it returns is given to `discard`
    in a thread. The interpreter's end does not wait for such threads, unlike those of a pool.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def drop(ended: _Ended[T]) -> None:
        if ended.error is None and discard is not None:
            start(lambda: discard(ended.value), f"{name}: discard")  # type: ignore[arg-type]

    def settle(ended: _Ended[T]) -> None:
        if future.cancelled():
            drop(ended)
        elif ended.error is not None:
            future.set_exception(ended.error)
        else:
            future.set_result(ended.value)  # type: ignore[arg-type]

    def run() -> None:
        ended = _outcome(call)
        try:
            loop.call_soon_threadsafe(settle, ended)
        except RuntimeError:  # the loop is closed
            drop(ended)

    start(run, name)
    try:
        return await future
    except asyncio.CancelledError:
        if not future.cancelled() and future.done() and future.exception() is None:
            drop(_Ended(future.result(), None))
        raise


async def answer(call: Callable[[], T], discard: Callable[[T], object] | None = None) -> T:
    """Ask corosync something. UnavailableError when the answer does not come in time."""
    asking = in_thread(call, name="corosync: call", discard=discard)
    try:
        return await asyncio.wait_for(asking, ANSWER_S)
    except TimeoutError:
        raise UnavailableError(f"corosync does not answer for {ANSWER_S:.0f} s") from None


def _outcome(call: Callable[[], T]) -> _Ended[T]:
    try:
        return _Ended(call(), None)
    except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
        return _Ended(None, error)


def start(run: Callable[[], object], name: str) -> None:
    """Run it in a daemon thread, and wait for nothing."""
    threading.Thread(target=run, name=name, daemon=True).start()
