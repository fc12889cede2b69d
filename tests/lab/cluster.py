"""Several nodes with corosync, switches between them, and what can happen to them.

    with Lab(Path("/var/tmp/quorate-lab"), ["n1", "n2", "n3"]) as lab:
        lab.start()
        lab.wait_quorate()
        lab.cut("n3")

Faults are real: a cable pulled at the switch, packets dropped inside a node, signals.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Final, Self

from appliance.model.corosync_conf import CorosyncConf, Link, add_node, create, set_token
from tests.lab.namespaces import END_WITH_US, Namespaces, follow, make_namespaces, run, shell

COROSYNC: Final = "corosync"
_ABOUT: Final = "lab.json"
_FILTER: Final = "quorate_lab"


def layout(
    names: Sequence[str],
    *,
    links: int = 1,
    token_ms: int = 1000,
    coefficient_ms: int = 0,
) -> CorosyncConf:
    """The layout of these nodes: node i has 10.77.LINK.i, ids from 1 on.

    Short timings: a lost node is noticed after 2.2 times the token.
    """

    def addresses(number: int) -> dict[int, str]:
        return {link: f"10.77.{link}.{number}" for link in range(links)}

    first = {link: Link(address) for link, address in addresses(1).items()}
    conf = create("lab", names[0], first).bumped()
    for number, name in enumerate(names[1:], start=2):
        conf = add_node(conf, name, addresses(number))
    logging = conf.root.section("logging")
    assert logging is not None
    for key, value in (
        ("to_syslog", "no"),
        ("to_logfile", "yes"),
        ("logfile", "/var/log/corosync/corosync.log"),
        ("timestamp", "hires"),
    ):
        logging = logging.with_value(key, value)
    # Healed one way only at first, a link may stay unused until knet measures its MTU again, and
    # all the while no ring holds. That takes up to 30 s unless it measures more often.
    totem = conf.totem.with_value("knet_pmtud_interval", "2")
    conf = conf.with_section(logging).with_section(totem)
    return set_token(conf, token_ms=token_ms, coefficient_ms=coefficient_ms)


class Lab:
    """The nodes of one cluster. `stay`: they outlive this process (see `python -m tests.lab`)."""

    def __init__(self, folder: Path, names: Sequence[str], *, links: int = 1, stay: bool = False):
        self.folder, self.names, self.links, self.stay = folder, tuple(names), links, stay
        self.spaces: dict[str, Namespaces] = {}
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self._others: list[subprocess.Popen[bytes]] = []
        self._logs: list[IO[bytes]] = []

    def __enter__(self) -> Self:
        try:
            self.build()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.end()

    # building

    def build(self, conf: CorosyncConf | None = None) -> None:
        """Make switch and nodes; no corosync runs yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        run("corosync-keygen", "-s", "1024", "-k", str(self.folder / "authkey"))
        about = {"names": self.names, "links": self.links}
        (self.folder / _ABOUT).write_text(json.dumps(about))
        self._add_space("switch")
        bridges = [
            f"ip link add br{link} type bridge; ip link set br{link} up"
            for link in range(self.links)
        ]
        shell(self.spaces["switch"], ["ip link set lo up", *bridges])
        text = (conf or layout(self.names, links=self.links)).text()
        for number, name in enumerate(self.names, start=1):
            self.make_node(name, number)
            self.write_conf(name, text)

    def _add_space(self, name: str) -> None:
        (self.folder / name).mkdir(parents=True, exist_ok=True)
        space = self.spaces[name] = make_namespaces(stay=self.stay)
        pids = f"{space.unshare_pid} {space.holder_pid}\n"
        (self.folder / name / "pids").write_text(pids)

    def make_node(self, name: str, number: int) -> None:
        """A node without corosync.conf: namespaces, folders of its own, cables."""
        self._add_space(name)
        space, home = self.spaces[name], self.folder / name
        for part in ("etc/uidgid.d", "lib", "log"):
            (home / part).mkdir(parents=True, exist_ok=True)
        shutil.copy(self.folder / "authkey", home / "etc/authkey")
        shell(
            space,
            [
                f"mount --bind {home}/etc /etc/corosync",
                f"mount --bind {home}/lib /var/lib/corosync",
                f"mount --bind {home}/log /var/log/corosync",
                "mount -t tmpfs -o size=256m tmpfs /dev/shm",
                "mount -t tmpfs tmpfs /run",
                "mkdir -p /run/corosync-qdevice",
                f"hostname {name}",
                "ip link set lo up",
            ],
        )
        for link in range(self.links):
            self._plug(name, number, link)

    def _plug(self, name: str, number: int, link: int) -> None:
        """A cable from the node's eth<link> to the switch's port <node>-<link>."""
        inside, switch = self.spaces[name], self.spaces["switch"]
        port = _port(name, link)
        # Made from outside: a process id of the machine means nothing inside a node.
        ends = ["netns", str(inside.holder_pid), "type", "veth", "peer", "name", port]
        run("ip", "link", "add", f"eth{link}", *ends, "netns", str(switch.holder_pid))
        address = f"10.77.{link}.{number}/24"
        shell(inside, [f"ip link set eth{link} up", f"ip addr add {address} dev eth{link}"])
        shell(switch, [f"ip link set {port} master br{link}", f"ip link set {port} up"])

    def write_conf(self, name: str, text: str) -> None:
        """Give a node this corosync.conf, which a start or reload reads."""
        (self.folder / name / "etc/corosync.conf").write_text(text)

    def end(self) -> None:
        """End all nodes and remove the folder."""
        for space in self.spaces.values():
            space.end()
        for process in (*self._daemons.values(), *self._others):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)
        for log in self._logs:
            log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @classmethod
    def find(cls, folder: Path) -> Lab:
        """The lab that another process made there with `stay`."""
        about = json.loads((folder / _ABOUT).read_text())
        lab = cls(folder, about["names"], links=about["links"], stay=True)
        for name in ("switch", *lab.names):
            unshare_pid, holder_pid = (folder / name / "pids").read_text().split()
            lab.spaces[name] = Namespaces(int(unshare_pid), int(holder_pid))
        return lab

    # running

    def start(self, names: Iterable[str] = ()) -> None:
        """Start corosync on these nodes, or on all."""
        for name in names or self.names:
            # What a killed corosync leaves behind fills /dev/shm.
            shell(self.spaces[name], ["rm -rf /dev/shm/qb-* /run/corosync.pid"])
            self._daemons[name] = self._spawn(name, COROSYNC, "-f", log="corosync.stderr")

    def spawn(self, name: str, *words: str, log: str) -> None:
        """Run a program inside a node until the end, its output into a file of its folder."""
        self._others.append(self._spawn(name, *words, log=log))

    def _spawn(self, name: str, *words: str, log: str) -> subprocess.Popen[bytes]:
        file = (self.folder / name / log).open("ab")
        self._logs.append(file)
        end_with_us = () if self.stay else END_WITH_US
        return subprocess.Popen(
            [*end_with_us, *self.spaces[name].command(*words)],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=self.stay,
        )

    def pid(self, name: str) -> int | None:
        """The number of a node's corosync inside the node; None if it does not run."""
        file = self.spaces[name].command("cat", "/run/corosync.pid")
        found = subprocess.run(file, capture_output=True, text=True, check=False).stdout.strip()
        return int(found) if found else None

    def signal(self, name: str, signal: str) -> None:
        """Send a signal to a node's corosync: KILL, TERM, STOP, CONT."""
        pid = self.pid(name)
        if pid is not None:
            self.spaces[name].kill(signal, pid)
        if name in self._daemons:
            follow(self._daemons[name], signal)

    def kill(self, name: str) -> None:
        """End a node's corosync without a word, and wait until it is gone."""
        self.signal(name, "KILL")
        self._gone(name)

    def stop(self, name: str) -> None:
        """End a node's corosync cleanly: the others are told."""
        self.signal(name, "TERM")
        self._gone(name)

    def _gone(self, name: str) -> None:
        process = self._daemons.pop(name, None)
        if process is not None:
            process.wait(timeout=20)

    def answers(self, name: str) -> bool:
        """Whether a node's corosync takes connections."""
        question = self.spaces[name].command("corosync-cmapctl", "-g", "totem.version")
        return subprocess.run(question, capture_output=True, check=False).returncode == 0

    def is_quorate(self, name: str) -> bool:
        """What a node's own corosync says."""
        question = self.spaces[name].command("corosync-quorumtool", "-s")
        return subprocess.run(question, capture_output=True, check=False).returncode == 0

    def wait_quorate(self, names: Iterable[str] = (), *, patience_s: float = 30.0) -> None:
        """Until these nodes, or all, are in a quorate partition."""
        deadline = time.monotonic() + patience_s
        for name in names or self.names:
            while not self.is_quorate(name):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{name} has no quorum after {patience_s} s")
                time.sleep(0.05)

    # the network

    def cut(self, name: str, *, link: int | None = None) -> None:
        """Pull a node's cables, or one of them, at the switch."""
        self._set_ports(name, link, "down")

    def plug(self, name: str, *, link: int | None = None) -> None:
        """Put them back."""
        self._set_ports(name, link, "up")

    def _set_ports(self, name: str, link: int | None, state: str) -> None:
        links = range(self.links) if link is None else (link,)
        shell(self.spaces["switch"], [f"ip link set {_port(name, one)} {state}" for one in links])

    def drop(self, name: str, *, incoming: bool = True, outgoing: bool = True) -> None:
        """Lose all packets that come in and go out inside a node, or only one of these."""
        rules = []
        if incoming:
            rules += _rules("input", [f'iifname "eth{link}" drop' for link in range(self.links)])
        if outgoing:
            rules += _rules("output", [f'oifname "eth{link}" drop' for link in range(self.links)])
        self._filter(name, rules)

    def partition(self, *groups: Iterable[str]) -> None:
        """Only nodes of one group hear each other."""
        for group in (tuple(group) for group in groups):
            for name in group:
                strangers = [other for other in self.names if other not in group]
                lines = [
                    f"ip saddr 10.77.{link}.{self.names.index(other) + 1} drop"
                    for link in range(self.links)
                    for other in strangers
                ]
                self._filter(name, _rules("input", lines))

    def _filter(self, name: str, rules: Sequence[str]) -> None:
        table = ["nft flush ruleset", f"nft add table inet {_FILTER}"]
        shell(self.spaces[name], [*table, *rules])

    def heal(self) -> None:
        """All cables in, no packets lost."""
        for name in self.names:
            self.plug(name)
            shell(self.spaces[name], ["nft flush ruleset"])


def _port(name: str, link: int) -> str:
    return f"{name}-{link}"


def _rules(chain: str, lines: Sequence[str]) -> list[str]:
    hook = f"{{ type filter hook {chain} priority 0; }}"
    return [
        f"nft add chain inet {_FILTER} {chain} '{hook}'",
        *(f"nft add rule inet {_FILTER} {chain} {line}" for line in lines),
    ]
