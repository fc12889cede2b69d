"""How this node's copy of the store is, in numbers and words."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.services.store.service import StoreService


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """state: what the store can do here at the moment.

    closed    it is not open: see `problem`
    waiting   it is open and reads are answered; changes wait for the group to agree, or for quorum
    behind    the group serves; this member is being given what it lacks
    serving   changes are made

    version: of the last change that is safe. whole: whether the durable copy was sound at the start
    or was made whole by the other members since.
    """

    state: str
    quorate: bool
    version: int
    members: tuple[str, ...]
    files: int
    size_bytes: int
    whole: bool
    problem: str


def store_status(store: StoreService) -> StoreStatus:
    """Never raises: what is closed says so."""
    failure = str(store.failure) if store.failure is not None else ""
    if not store.running:
        return StoreStatus("closed", False, 0, (), 0, 0, False, failure)
    replica = store.replica
    if replica.serving:
        state = "serving"
    elif replica.lagging:
        state = "behind"
    else:
        state = "waiting"
    damaged = ", ".join(store.damaged[:5])
    problem = failure
    if not replica.trusted:
        problem = f"damaged: {damaged}" if damaged else "nothing was found on the disk"
    return StoreStatus(
        state,
        replica.census.quorate,
        replica.log.committed,
        replica.members,
        replica.tree.files,
        replica.tree.size_bytes,
        replica.trusted,
        problem,
    )
