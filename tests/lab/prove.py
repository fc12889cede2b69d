"""A long proof of the store on real nodes: faults drawn at random while clients write.

    python -m tests.lab.prove --nodes 5 --faults 60 --seed 3

Prints what was done and seen, and ends with 1 if anything was wrong. See docs/store-proof.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from sim.entropy import Entropy
from tests.histories.evidence import Evidence
from tests.lab.proof import FAULTS, Proof
from tests.lab.store_world import StoreWorld
from tests.lab.world import make_lab, why_not


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def draw(seed: int, nodes: int, number: int) -> tuple[str, str]:
    """A fault and the node that it strikes. The last node is the one with a small disk."""
    unit = Entropy(seed, "prove").unit
    kinds = [name for name in FAULTS if nodes > 3 or name != "split"]
    kind = kinds[int(unit("kind", number) * len(kinds))]
    node = f"n{1 + int(unit('node', number) * nodes)}"
    return kind, f"n{nodes}" if kind == "fill_disk" else node


def prove(folder: Path, nodes: int, faults: int, seed: int, clients: int) -> Evidence:
    names = tuple(f"n{number}" for number in range(1, nodes + 1))
    lab = make_lab(folder, names)
    try:
        world = StoreWorld(lab, small=names[-1:])
        world.begin()
        proof = Proof(world, per_node=clients)
        proof.begin()
        for number in range(faults):
            kind, node = draw(seed, nodes, number)
            proof.strike(kind, node)
            say(f"{number + 1}/{faults} {kind} of {node}: {proof.done[-1][1]} entries committed")
        evidence = proof.finish()
        world.end()
    finally:
        lab.end()
    counted = Counter(kind for kind, _ in proof.done)
    say(", ".join(f"{kind} {count}" for kind, count in sorted(counted.items())))
    return evidence


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--nodes", type=int, default=3, choices=range(3, 8))
    parser.add_argument("--faults", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=4, help="on each node")
    args = parser.parse_args()
    reason = why_not()
    if reason:
        sys.exit(f"no lab on this machine: {reason}")
    with tempfile.TemporaryDirectory() as place:
        evidence = prove(Path(place) / "lab", args.nodes, args.faults, args.seed, args.clients)
    say(f"{evidence.operations} operations: {evidence.outcomes}")
    say(f"{len(evidence.acks)} writes acknowledged, {len(evidence.ledger.versions)} versions")
    for wrong in evidence.wrong:
        say(f"WRONG: {wrong}")
    return 1 if evidence.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
