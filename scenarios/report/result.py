"""What the report needs to know of a scenario's result, beside its journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Expectation(Protocol):
    """One expectation: what was expected, whether it held, and when or what was there instead."""

    @property
    def what(self) -> str: ...
    @property
    def held(self) -> bool: ...
    @property
    def detail(self) -> str: ...


class Result(Protocol):
    """How a scenario ended. `end_s`: when its simulated time was over."""

    @property
    def name(self) -> str: ...
    @property
    def why(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def end_s(self) -> float: ...
    @property
    def digest(self) -> str: ...
    @property
    def passed(self) -> bool: ...
    @property
    def expectations(self) -> Sequence[Expectation]: ...
