"""Which commands fence a node, try by try."""

from __future__ import annotations

import re
from dataclasses import dataclass

from appliance.model.ha.fence import Arguments, FenceConfig

_SAFE = re.compile(r"[\w@%+=:,./!^-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class FenceCommand:
    """One run of a fence agent."""

    agent: str
    arguments: Arguments

    def argv(self) -> tuple[str, ...]:
        """What to run: no shell is involved, so nothing is quoted."""
        words = [self.agent]
        for name, value in self.arguments:
            words += _option(name, value)
        return tuple(words)

    def shell(self) -> str:
        """The same for people to read and to paste into a shell."""
        words = [self.agent]
        for name, value in self.arguments:
            words += _option(name, None if value is None else _shell_quoted(value))
        return " ".join(words)


def fence_commands(config: FenceConfig, node: str, attempt: int) -> tuple[FenceCommand, ...]:
    """The commands of the given try, counted from 0; none if no device is left.

    All of them have to succeed, and may run at the same time. Each try goes to the next device
    that the node is connected to, in the order of the file.
    """
    connected = [
        device
        for device in config.devices
        if any(part.connection(node) is not None for part in device.parts)
    ]
    if attempt >= len(connected):
        return ()
    commands = []
    for part in connected[attempt].parts:
        connection = part.connection(node)
        if connection is not None:
            commands.append(FenceCommand(part.agent, part.arguments + connection.arguments))
    return tuple(commands)


def _option(name: str, value: str | None) -> list[str]:
    if len(name) == 1:
        return [f"-{name}"] if value is None else [f"-{name}", value]
    return [f"--{name}"] if value is None else [f"--{name}={value}"]


def _shell_quoted(value: str) -> str:
    if _SAFE.fullmatch(value):
        return value
    return "'" + value.replace("'", "'\\''") + "'"
