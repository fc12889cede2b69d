"""The checker finds what is wrong, and only that."""

from __future__ import annotations

import pytest

from tests.histories.linear import FOREVER, Kind, Op, linearizable

W, R, S, X, D, M = (
    Kind.WRITE,
    Kind.READ,
    Kind.SWAP,
    Kind.SWAP_REFUSED,
    Kind.REMOVE,
    Kind.REMOVE_REFUSED,
)

GOOD = {
    "one after the other": [Op(1, W, 0, 1), Op(2, R, 2, 3, seen=1)],
    "read overlaps write, old": [Op(1, W, 0, 5), Op(2, R, 1, 2, seen=0)],
    "read overlaps write, new": [Op(1, W, 0, 5), Op(2, R, 1, 2, seen=1)],
    "two writes overlap, either wins": [
        Op(1, W, 0, 5),
        Op(2, W, 0, 5),
        Op(3, R, 6, 7, seen=1),
    ],
    "unknown write shows up late": [
        Op(1, W, 0, FOREVER),
        Op(2, R, 1, 2, seen=0),
        Op(3, R, 3, 4, seen=1),
    ],
    "unknown write never shows up": [Op(1, W, 0, FOREVER), Op(2, R, 1, 2, seen=0)],
    "swap on what is there": [Op(1, W, 0, 1), Op(2, S, 2, 3, seen=1), Op(3, R, 4, 5, seen=2)],
    "swap refused because of an unknown write": [
        Op(1, W, 0, 1),
        Op(2, W, 2, FOREVER),
        Op(3, X, 3, 4, seen=1),
    ],
    "removed and gone": [Op(1, W, 0, 1), Op(2, D, 2, 3), Op(3, M, 4, 5), Op(4, R, 6, 7, seen=0)],
    "unknown remove": [Op(1, W, 0, 1), Op(2, D, 2, FOREVER), Op(3, R, 4, 5, seen=0)],
}
BAD = {
    "lost write": [Op(1, W, 0, 1), Op(2, R, 2, 3, seen=0)],
    "stale read": [Op(1, W, 0, 1), Op(2, W, 2, 3), Op(3, R, 4, 5, seen=1)],
    "read before the write was called": [Op(1, R, 0, 1, seen=2), Op(2, W, 2, 3)],
    "value comes back": [
        Op(1, W, 0, 1),
        Op(2, W, 2, 3),
        Op(3, R, 4, 5, seen=2),
        Op(4, R, 6, 7, seen=1),
    ],
    "two readers disagree on the order": [
        Op(1, W, 0, 9),
        Op(2, W, 0, 9),
        Op(3, R, 10, 11, seen=1),
        Op(4, R, 12, 13, seen=2),
    ],
    "unknown write shows up and goes away": [
        Op(1, W, 0, FOREVER),
        Op(2, R, 1, 2, seen=1),
        Op(3, R, 3, 4, seen=0),
    ],
    "read of what a failed write wrote": [Op(2, R, 1, 2, seen=1)],
    "two swaps on the same value": [
        Op(1, W, 0, 1),
        Op(2, S, 2, 3, seen=1),
        Op(3, S, 2, 3, seen=1),
    ],
    "swap refused for no reason": [Op(1, W, 0, 1), Op(2, X, 2, 3, seen=1)],
    "removed twice": [Op(1, W, 0, 1), Op(2, D, 2, 3), Op(3, D, 4, 5)],
    "nothing to remove, though written": [Op(1, W, 0, 1), Op(2, M, 2, 3)],
}


@pytest.mark.parametrize("history", GOOD.values(), ids=GOOD)
def test_possible_histories_pass(history: list[Op]) -> None:
    assert linearizable(history)


@pytest.mark.parametrize("history", BAD.values(), ids=BAD)
def test_impossible_histories_are_found(history: list[Op]) -> None:
    assert not linearizable(history)
    shuffled = [history[at] for at in range(len(history) - 1, -1, -1)]
    assert not linearizable(shuffled)


@pytest.mark.parametrize("kind", [W, D])
def test_many_of_which_nobody_knows_anything_are_tried_once(kind: Kind) -> None:
    """In every order they would be tried for ever."""
    unknown = [Op(number, kind, 0, FOREVER) for number in range(100, 160)]
    sure = [Op(1, W, 1, 2), Op(2, X, 3, 4, seen=1), Op(3, M, 5, 6)]
    assert linearizable([*unknown, *sure]) == (kind is D)
    assert not linearizable([*unknown, *sure, Op(4, R, 7, 8, seen=1)])
