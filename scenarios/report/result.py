"""What the report needs to know of a scenario's result, beside its journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Expectation(Protocol):
    """One thing that had to hold: what, why if the scenario says so, whether it did, and when or
    what was there instead. kind: `expect`, `never`, `step` or `promise`. at_s: when that showed.
    """

    @property
    def kind(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def why(self) -> str: ...
    @property
    def at_s(self) -> float: ...
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
