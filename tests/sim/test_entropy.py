"""Keyed randomness: a function of seed and key, and of nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.ports.entropy import Entropy as EntropyPort
from sim.entropy import Entropy

KEYS = st.lists(st.one_of(st.text(), st.integers()), max_size=4).map(tuple)


@given(seed=st.integers(), key=KEYS, others=st.lists(KEYS, max_size=3))
def test_a_draw_depends_on_seed_and_key_alone(
    seed: int, key: tuple[str | int, ...], others: list[tuple[str | int, ...]]
) -> None:
    disturbed = Entropy(seed)
    for other in others:
        disturbed.unit(*other)
    drawn = disturbed.unit(*key)
    assert drawn == Entropy(seed).unit(*key)
    assert 0.0 <= drawn < 1.0


@given(one=KEYS, other=KEYS)
def test_different_keys_draw_differently(
    one: tuple[str | int, ...], other: tuple[str | int, ...]
) -> None:
    entropy = Entropy(1)
    assert (entropy.unit(*one) == entropy.unit(*other)) == (one == other)


def test_draws_spread_evenly() -> None:
    entropy = Entropy(7)
    tenths = [0] * 10
    for number in range(10_000):
        tenths[int(entropy.unit("spread", number) * 10)] += 1
    assert all(900 < count < 1100 for count in tenths)


def test_known_draws_stay_the_same() -> None:
    """Recorded journals and found scenarios depend on these numbers."""
    assert Entropy(1).unit("ha", "node1", 5) == 0.36400705031951597
    assert Entropy(2).unit("ha", "node1", 5) != 0.36400705031951597


def test_between() -> None:
    entropy = Entropy(3)
    drawn = [entropy.between(2.1, 2.2, number) for number in range(1000)]
    assert 2.1 <= min(drawn) < 2.101
    assert 2.199 < max(drawn) < 2.2


def test_tokens_are_fresh_and_repeatable() -> None:
    first, again = Entropy(1), Entropy(1)
    tokens = [first.token(20) for _ in range(100)]
    assert len(set(tokens)) == 100
    assert all(len(bytes.fromhex(token)) == 20 for token in tokens)
    assert [again.token(20) for _ in range(100)] == tokens


def test_parts_of_a_world_have_their_own() -> None:
    world = Entropy(1)
    one, two = world.child("node1"), world.child("node2")
    assert one.unit("boot") != two.unit("boot") != world.unit("boot")
    assert one.token(8) != two.token(8)


def test_it_is_the_port() -> None:
    port: EntropyPort = Entropy(1)
    assert 0 <= port.unit("ha", 1) < 1
