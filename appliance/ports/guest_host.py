"""What a node does to the guests that it runs, from their configuration.

Guests are named by service id (`vm:100`, `ct:101`). A host knows processes: nothing of locks,
permissions, tasks, high availability and files. Errors: RefusedError for what the guest's state or
configuration forbids and for what was tried and failed (the text says why), UnavailableError for
what does not answer. After an error the guest is as it was, or stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from appliance.model.guest.config import Settings
from appliance.model.guest.running import GuestInterface, GuestLoad, GuestState, Launch
from appliance.ports.storage import PLAIN, Effort


class GuestHost(Protocol):
    """Guests of both kinds."""

    def state(self, sid: str) -> GuestState | None:
        """From local knowledge, at once. None: it has no process here."""
        ...

    def states(self) -> Mapping[str, GuestState]:
        """Of all guests that have a process here, by service id, sorted."""
        ...

    def load(self, sid: str) -> GuestLoad | None:
        """What it uses; None while it does not run."""
        ...

    async def start(self, launch: Launch) -> None:
        """Returns when it runs."""
        ...

    async def stop(self, sid: str) -> None:
        """At once and hard. Nothing happens to one that has no process."""
        ...

    async def shut_down(self, sid: str, timeout_s: float) -> bool:
        """Ask it to shut down; whether it has in that time."""
        ...

    async def reset(self, sid: str) -> None:
        """As by the reset button; the process stays."""
        ...

    async def pause(self, sid: str) -> None:
        """It executes nothing from now on, and keeps its memory."""
        ...

    async def resume(self, sid: str) -> None:
        """Go on after `pause`, or after a start that left it paused."""
        ...

    async def apply(self, sid: str, settings: Settings, keys: tuple[str, ...]) -> None:
        """Change the running guest so that these keys are as in the settings.

        Only keys that `core/guest` calls hotpluggable. RefusedError: nothing of it took effect.
        """
        ...


class VmHost(Protocol):
    """What virtual machines have besides."""

    async def save_memory(self, sid: str, volid: str, effort: Effort = PLAIN) -> None:
        """Write the memory into a volume. The machine is paused from then on."""
        ...

    async def mirror(self, sid: str, key: str, volid: str, effort: Effort = PLAIN) -> None:
        """Copy a disk that is in use to another volume, and use that from then on."""
        ...

    async def grow(self, sid: str, key: str, size_bytes: int) -> None:
        """The volume of this disk has that size now."""
        ...

    async def send_key(self, sid: str, key: str) -> None:
        """Press and let go of keys, such as `ctrl-alt-delete`."""
        ...

    async def monitor(self, sid: str, command: str) -> str:
        """A command for the machine's monitor: its answer."""
        ...

    async def agent(self, sid: str, command: str, arguments: Mapping[str, Any]) -> Any:
        """Ask the agent inside, in its own words (`ping`, `get-osinfo`, ...): its `return` value.

        UnavailableError while it does not run.
        """
        ...


class ContainerHost(Protocol):
    """What containers have besides."""

    async def grow(self, sid: str, key: str, size_bytes: int) -> None:
        """The volume of `rootfs` or a mount point has that size now: so shall its file system."""
        ...

    async def interfaces(self, sid: str) -> tuple[GuestInterface, ...]:
        """Of a running container."""
        ...
