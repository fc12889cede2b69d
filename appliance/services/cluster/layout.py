"""The cluster's layout in the store: read it, change it, wait until the store works again.

`corosync.conf` in the store is the truth. A change makes the next version of it, on the condition
that nobody changed it meanwhile; the nodes follow (see `follower`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from appliance.model.corosync_conf import (
    ConfNode,
    CorosyncConf,
    parse_corosync_conf,
    problems,
)
from appliance.model.errors import (
    ConfigError,
    MissingError,
    NotQuorateError,
    OutcomeUnknownError,
    QuorateError,
    RefusedError,
    StaleError,
    UnavailableError,
)
from appliance.model.store.changes import ABSENT, File, Put, Step
from appliance.services.cluster.ports import ClusterPorts

LAYOUT: Final = "corosync.conf"
KEY: Final = "priv/corosync.authkey"
DEVICE_FILES: Final = "priv/qdevice/"
SETTLE_S: Final = 90.0
_POLL_S: Final = 0.5
_TRIES: Final = 5
Change = Callable[[CorosyncConf], CorosyncConf]


def stored_file(ports: ClusterPorts) -> File | None:
    """The layout's file in the store, as this node knows it."""
    try:
        return ports.store.read(LAYOUT)
    except MissingError:
        return None


def layout_of(file: File) -> CorosyncConf:
    """ConfigError if somebody wrote what cannot be read."""
    return parse_corosync_conf(file.content.decode("utf-8", "replace"), file=LAYOUT)


def current(ports: ClusterPorts) -> CorosyncConf:
    """The layout of the cluster that this node is in. RefusedError when it is in none."""
    in_place = ports.service.layout()
    if in_place is None:
        raise RefusedError(
            f"{ports.node} is in no cluster; 'quorate cluster create NAME' makes one, "
            "'quorate cluster join ADDRESS' joins one"
        )
    file = stored_file(ports)
    return in_place if file is None else layout_of(file)


def need_quorum(ports: ClusterPorts) -> None:
    """NotQuorateError that says what can be done about it."""
    if not ports.membership.view().quorate:
        raise NotQuorateError(
            f"{ports.node} has no quorum, so the cluster cannot be changed from here: bring more "
            "nodes up, or see 'quorate cluster expected'"
        )


def known_node(conf: CorosyncConf, name: str) -> ConfNode:
    """ConfigError that lists the nodes there are."""
    node = conf.node(name)
    if node is None:
        names = ", ".join(one.name for one in conf.nodes())
        raise ConfigError(f"is not a node of this cluster, which has {names}", field=name)
    return node


def guests_of(ports: ClusterPorts, prefix: str = "nodes/") -> tuple[int, ...]:
    """Numbers of the guests that are configured below a folder, in order."""
    guests = ports.store.guests()
    return tuple(sorted(number for number, path in guests.items() if path.startswith(prefix)))


async def change_layout(ports: ClusterPorts, change: Change, *also: Step) -> CorosyncConf:
    """Make the next layout of the present one, and these steps with it, or nothing.

    Whoever changes the layout at the same time wins or loses as a whole; the loser's change is
    made again of the winner's layout. Returns what is in the store then. StaleError if that goes
    on too long.
    """
    for _ in range(_TRIES):
        current(ports)
        file = stored_file(ports)
        conf = current(ports)
        changed = change(conf)
        if changed == conf:
            return conf
        refuse_problems(changed)
        version = file.version if file else ABSENT
        try:
            await ports.store.change(Put(LAYOUT, changed.text().encode(), expect=version), *also)
        except StaleError:
            continue
        return changed
    raise StaleError("others change the cluster all the time; try again")


def refuse_problems(conf: CorosyncConf) -> None:
    """ConfigError with the first thing that corosync would not accept."""
    for problem in problems(conf):
        raise problem


async def settle(ports: ClusterPorts, *, timeout_s: float = SETTLE_S) -> None:
    """Wait until the store on this node works with quorum. UnavailableError if it does not."""
    clock = ports.clock
    deadline_s = clock.monotonic() + timeout_s
    while True:
        try:
            left_s = deadline_s - clock.monotonic()
            return await ports.store.catch_up(timeout_s=max(1.0, min(15.0, left_s)))
        except (UnavailableError, NotQuorateError, OutcomeUnknownError) as error:
            if clock.monotonic() >= deadline_s:
                raise UnavailableError(f"no quorum after {timeout_s:g} s: {error}") from error
        await clock.sleep(_POLL_S)


def told(error: QuorateError) -> str:
    """An error as part of a sentence."""
    return str(error).rstrip(".")
