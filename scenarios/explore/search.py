"""Runs many seeds, on one core or several, and hands their results on in the order of the seeds."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from scenarios.explore.case import Case
from scenarios.explore.mutants import built_in
from scenarios.explore.run import Finding, run_case
from scenarios.explore.schedule import draw_case
from scenarios.explore.tally import Totals
from sim.kernel import GARBAGE
from sim.layout import ClusterLayout

CHUNK = 4  # seeds that a process takes at once


@dataclass(frozen=True, slots=True)
class Question:
    """What every seed is tried on. `layout` None: a drawn cluster of `nodes` and `guests`."""

    hours: float
    nodes: int = 5
    guests: int = 20
    layout: ClusterLayout | None = None
    only: tuple[str, ...] = ()
    polled: bool = False
    mutant: str | None = None

    def case(self, seed: int) -> Case:
        return draw_case(
            seed,
            layout=self.layout,
            nodes=self.nodes,
            guests=self.guests,
            hours=self.hours,
            only=self.only,
        )


@dataclass(frozen=True, slots=True)
class Result:
    """One seed."""

    seed: int
    finding: Finding | None
    totals: Totals


def answer(question: Question, seed: int) -> Result:
    """Run one seed in this process."""
    outcome = run_case(question.case(seed), polled=question.polled)
    return Result(seed, outcome.finding, outcome.totals)


def search(question: Question, seeds: Sequence[int], jobs: int) -> Iterator[Result]:
    """All results in the order of the seeds, whatever the number of jobs."""
    if jobs <= 1:
        yield from _alone(question, seeds)
        return
    with ProcessPoolExecutor(jobs, initializer=_begin, initargs=(question,)) as pool:
        try:
            yield from pool.map(_answer, seeds, chunksize=CHUNK)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _alone(question: Question, seeds: Sequence[int]) -> Iterator[Result]:
    before = gc.get_threshold()
    gc.set_threshold(*GARBAGE)
    gc.freeze()  # what is there now stays, or is looked at afterwards
    try:
        with built_in(question.mutant):
            for seed in seeds:
                yield answer(question, seed)
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


_question: Question | None = None  # of this process of the pool
_for_life = ExitStack()  # what is in force until this process of the pool ends


def _begin(question: Question) -> None:
    """A process of the pool begins: it has the mutant for all its life."""
    global _question  # noqa: PLW0603 - the pool has no other place for it
    _question = question
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    _for_life.enter_context(built_in(question.mutant))


def _answer(seed: int) -> Result:
    assert _question is not None
    return answer(_question, seed)
