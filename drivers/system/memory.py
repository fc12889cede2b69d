"""How Python looks after the memory of a daemon."""

from __future__ import annotations

import gc
from typing import Final

_GARBAGE: Final = (20_000, 20, 20)


def collect_seldom() -> None:
    """Look for garbage in knots of references less often than Python does by itself.

    A store keeps many small things and makes more with each write, hardly any of them in knots: to
    look through them over and over made each write a tenth dearer.
    """
    gc.set_threshold(*_GARBAGE)
