"""Something that one task waits for and another makes happen."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol


class Signal(Protocol):
    """Happens once, with a value or an error; who awaits it gets that, then or later."""

    @property
    def fired(self) -> bool: ...

    def fire(self, value: Any) -> None:
        """It happened. Harmless when it has already."""
        ...

    def fail(self, error: BaseException) -> None:
        """It went wrong. Harmless when it has happened already."""
        ...

    def __await__(self) -> Generator[Any, None, Any]: ...


class Signals(Protocol):
    def new(self) -> Signal:
        """One that belongs to this boot of the node."""
        ...
