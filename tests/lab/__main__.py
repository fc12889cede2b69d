"""Start a cluster of real corosyncs by hand: see docs/lab-corosync.md.

python -m tests.lab up --nodes 3
python -m tests.lab status
python -m tests.lab exec n1 corosync-quorumtool -s
python -m tests.lab cut n3
python -m tests.lab down
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.lab.cluster import Lab
from tests.lab.daemons import PASSWORD, DaemonLab
from tests.lab.world import why_not

FOLDER: Final = Path("/var/tmp/quorate-lab")


def say(text: str) -> None:
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def up(args: argparse.Namespace) -> None:
    if args.folder.exists():
        sys.exit(f"{args.folder} exists: is there a lab already? `down` ends it")
    names = [f"n{number}" for number in range(1, args.nodes + 1)]
    if args.daemons:
        up_alone(args.folder, names, args.links)
        return
    lab = Lab(args.folder, names, links=args.links, stay=True)
    try:
        lab.build()
        lab.start()
        lab.wait_quorate()
    except BaseException:
        lab.end()
        raise
    say(f"{args.nodes} nodes are quorate: {' '.join(names)}")


def up_alone(folder: Path, names: list[str], links: int) -> None:
    """Nodes with a daemon and without a cluster: that is for `quorate cluster create`."""
    lab = DaemonLab(folder, names, links=links, stay=True)
    try:
        lab.build_alone()
    except BaseException:
        lab.end()
        raise
    say(f"{len(names)} nodes run their daemon: {' '.join(names)}; the password of root on each is")
    say(PASSWORD)


def down(args: argparse.Namespace) -> None:
    Lab.find(args.folder).end()


def status(args: argparse.Namespace) -> None:
    lab = Lab.find(args.folder)
    for name in lab.names:
        state = "quorate" if lab.is_quorate(name) else "not quorate"
        say(f"{name}: {state if lab.answers(name) else 'corosync does not run'}")


def execute(args: argparse.Namespace) -> None:
    space = Lab.find(args.folder).spaces[args.node]
    command = args.command or ["bash"]
    sys.exit(subprocess.run(space.command(*command), check=False).returncode)


def start(args: argparse.Namespace) -> None:
    Lab.find(args.folder).start([args.node])


def on_node(action: str) -> Callable[[argparse.Namespace], None]:
    """A command that is one method of the lab."""

    def run(args: argparse.Namespace) -> None:
        getattr(Lab.find(args.folder), action)(args.node)

    return run


def heal(args: argparse.Namespace) -> None:
    Lab.find(args.folder).heal()


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    main.formatter_class = argparse.RawDescriptionHelpFormatter
    main.add_argument("--folder", type=Path, default=FOLDER)
    commands = main.add_subparsers(required=True)
    for name, action, text in (
        ("down", down, "end all nodes and remove the folder"),
        ("status", status, "who has quorum"),
        ("heal", heal, "all cables in, no packets lost"),
    ):
        commands.add_parser(name, help=text).set_defaults(action=action)
    one = commands.add_parser("up", help="build nodes and start corosync on them")
    one.add_argument("--nodes", type=int, default=3)
    one.add_argument("--links", type=int, default=1)
    one.add_argument("--daemons", action="store_true", help="each alone, with its daemon")
    one.set_defaults(action=up)
    for name, run, text in (
        ("start", start, "start corosync again"),
        ("stop", on_node("stop"), "end corosync cleanly"),
        ("kill", on_node("kill"), "end corosync without a word"),
        ("cut", on_node("cut"), "pull the cables"),
        ("plug", on_node("plug"), "put them back"),
        ("drop", on_node("drop"), "lose all packets inside the node"),
        (
            "pause",
            lambda a: Lab.find(a.folder).signal(a.node, "STOP"),
            "stop corosync in its tracks",
        ),
        ("resume", lambda a: Lab.find(a.folder).signal(a.node, "CONT"), "let it go on"),
    ):
        one = commands.add_parser(name, help=text)
        one.add_argument("node")
        one.set_defaults(action=run)
    one = commands.add_parser("exec", help="run a command inside a node (default: a shell)")
    one.add_argument("node")
    one.add_argument("command", nargs=argparse.REMAINDER)
    one.set_defaults(action=execute)
    return main


if __name__ == "__main__":
    reason = why_not()
    if reason:
        sys.exit(f"no lab on this machine: {reason}")
    os.umask(0o022)
    arguments = parser().parse_args()
    try:
        arguments.action(arguments)
    except (FileNotFoundError, KeyError) as error:
        sys.exit(f"no such lab or node: {error}")
