"""`python -m tests.sim.store`: many random histories of the store, with progress.

Ends with 1 if anything did not hold; that is told with the seed that shows it again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import Pool

from tests.sim.store.judge import Trial

PROGRESS_SEEDS = 100


@dataclass(frozen=True, slots=True)
class Told:
    """What one seed was, and what did not hold."""

    seed: int
    faults: int
    operations: int
    acknowledged: int
    wrong: tuple[str, ...]


def one(seed: int) -> Told:
    trial = Trial(seed)
    wrong = tuple(trial.run())
    recorder = trial.clients.recorder
    return Told(seed, trial.faults, recorder.numbers, len(recorder.acks), wrong)


def all_of(seeds: range, jobs: int) -> Iterator[Told]:
    if jobs == 1:
        yield from map(one, seeds)
        return
    with Pool(jobs) as pool:
        yield from pool.imap(one, seeds, chunksize=4)


def positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 up")
    return number


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m tests.sim.store", description=__doc__)
    parser.add_argument("--seeds", type=positive, default=200, help="how many (%(default)s)")
    parser.add_argument("--first", type=positive, default=1, help="the first one (%(default)s)")
    parser.add_argument("--jobs", type=positive, default=1, help="processes (%(default)s)")
    given = parser.parse_args(arguments)
    seen: list[Told] = []
    for told in all_of(range(given.first, given.first + given.seeds), given.jobs):
        seen.append(told)
        for what in told.wrong:
            say(f"seed {told.seed}: {what}")
        if len(seen) % PROGRESS_SEEDS == 0 or len(seen) == given.seeds:
            say(summary(seen))
    return int(any(told.wrong for told in seen))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def summary(seen: list[Told]) -> str:
    faults = sum(told.faults for told in seen)
    operations = sum(told.operations for told in seen)
    acknowledged = sum(told.acknowledged for told in seen)
    wrong = sum(bool(told.wrong) for told in seen)
    return (
        f"{len(seen)} seeds, {faults} faults, {operations} operations,"
        f" {acknowledged} acknowledged writes: {wrong} with findings"
    )


if __name__ == "__main__":
    sys.exit(main())
