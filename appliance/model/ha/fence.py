"""ha/fence.cfg: fence devices, and how nodes are connected to them.

    device <name>[:<part>] <agent> <argument>...
    connect <name>[:<part>] node=<node> <argument>...

Devices are tried in the order of their first lines. The parts of one device act together: a node
with two power supplies is off when both outlets are. An argument is `name` or `name=value`; a value
with blanks stands in double quotes, in which a backslash takes the next character as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from appliance.model.errors import ConfigError
from appliance.model.formats import is_node_name

FILE = "ha/fence.cfg"

_DEVICE = re.compile(r"([A-Za-z0-9_][\w.-]*)(?::([0-9]+))?", re.ASCII)
_AGENT = re.compile(r"[A-Za-z0-9_][\w.-]*", re.ASCII)
_ARGUMENT = re.compile(r"[A-Za-z0-9_][\w-]*", re.ASCII)
_WORD = re.compile(r'\s*((?:[^\s"]|"(?:[^"\\]|\\.)*")+)(?=\s|$)', re.ASCII)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_PLAIN = re.compile(r"[\w.:/@%+,=-]+", re.ASCII)

Arguments = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class FenceConnection:
    """A node at a part of a device, with the arguments that single it out there."""

    node: str
    arguments: Arguments = ()
    comments: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class FencePart:
    """One thing to command. Parts of the same device are commanded together."""

    number: int
    agent: str
    arguments: Arguments = ()
    connections: tuple[FenceConnection, ...] = ()
    comments: tuple[str, ...] = field(default=(), compare=False)

    def connection(self, node: str) -> FenceConnection | None:
        return next((item for item in self.connections if item.node == node), None)


@dataclass(frozen=True, slots=True)
class FenceDevice:
    """Parts sorted by number."""

    name: str
    parts: tuple[FencePart, ...]


@dataclass(frozen=True, slots=True)
class FenceConfig:
    """Devices in the order in which they are tried. With `problems` it must not be used."""

    devices: tuple[FenceDevice, ...] = ()
    comments: tuple[str, ...] = field(default=(), compare=False)
    problems: tuple[ConfigError, ...] = field(default=(), compare=False, repr=False)


def parse_fence(text: str, *, strict: bool = False, file: str = FILE) -> FenceConfig:
    """Read the file. All bad lines are told in `problems`; strict raises the first."""
    parser = _Parser(file)
    for number, line in enumerate(text.split("\n"), start=1):
        parser.line(line.strip(), number)
    if strict and parser.problems:
        raise parser.problems[0]
    return FenceConfig(parser.devices(), tuple(parser.comments), tuple(parser.problems))


def write_fence(config: FenceConfig) -> str:
    """The text, one block a device, connections under their device."""
    lines: list[str] = []
    for device in config.devices:
        alone = len(device.parts) == 1 and device.parts[0].number == 1
        for part in device.parts:
            name = device.name if alone else f"{device.name}:{part.number}"
            lines += part.comments
            lines.append(" ".join(["device", name, part.agent, *_words(part.arguments)]))
        for part in device.parts:
            name = device.name if alone else f"{device.name}:{part.number}"
            for item in part.connections:
                lines += item.comments
                words = ["connect", name, f"node={item.node}", *_words(item.arguments)]
                lines.append(" ".join(words))
        lines.append("")
    lines += config.comments
    return "".join(f"{line}\n" for line in lines)


@dataclass(slots=True)
class _Part:
    agent: str
    arguments: Arguments
    comments: tuple[str, ...]
    connections: dict[str, FenceConnection] = field(default_factory=dict)


class _Parser:
    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[ConfigError] = []
        self.comments: list[str] = []
        self.parts: dict[str, dict[int, _Part]] = {}

    def line(self, text: str, number: int) -> None:
        if not text:
            return
        if text.startswith("#"):
            self.comments.append(text)
            return
        comments = tuple(self.comments)
        self.comments.clear()
        try:
            self._statement(text, comments)
        except ConfigError as error:
            self.problems.append(
                ConfigError(error.message, file=self.file, line=number, field=error.field)
            )

    def devices(self) -> tuple[FenceDevice, ...]:
        return tuple(
            FenceDevice(name, tuple(_frozen(parts, number) for number in sorted(parts)))
            for name, parts in self.parts.items()
        )

    def _statement(self, text: str, comments: tuple[str, ...]) -> None:
        words = list(_split(text))
        if words[0] == "device" and len(words) >= 3:
            self._device(words, comments)
        elif words[0] == "connect" and len(words) >= 3:
            self._connect(words, comments)
        else:
            raise ConfigError(
                "expected 'device <name> <agent> ...' or 'connect <name> node=<node> ...'"
            )

    def _device(self, words: list[str], comments: tuple[str, ...]) -> None:
        name, number = _device_name(words[1])
        parts = self.parts.get(name, {})
        if number in parts:
            raise ConfigError(f"'{name}:{number}' is declared already", field="device")
        if not _AGENT.fullmatch(words[2]):
            raise ConfigError(f"'{words[2]}' is no name of a fence agent", field="device")
        part = _Part(words[2], _arguments(words[3:]), comments)
        self.parts.setdefault(name, parts)[number] = part

    def _connect(self, words: list[str], comments: tuple[str, ...]) -> None:
        name, number = _device_name(words[1])
        part = self.parts.get(name, {}).get(number)
        if part is None:
            raise ConfigError(f"device '{words[1]}' is not declared above", field="connect")
        arguments = _arguments(words[2:])
        nodes = [value for key, value in arguments if key == "node"]
        if len(nodes) != 1 or nodes[0] is None or not is_node_name(nodes[0]):
            raise ConfigError("needs node=<node>", field="connect")
        node = nodes[0]
        if node in part.connections:
            message = f"node '{node}' is connected to '{name}:{number}' already"
            raise ConfigError(message, field="connect")
        rest = tuple(item for item in arguments if item[0] != "node")
        part.connections[node] = FenceConnection(node, rest, comments)


def _frozen(parts: dict[int, _Part], number: int) -> FencePart:
    part = parts[number]
    connections = tuple(part.connections.values())
    return FencePart(number, part.agent, part.arguments, connections, part.comments)


def _device_name(text: str) -> tuple[str, int]:
    match = _DEVICE.fullmatch(text)
    if match is None:
        raise ConfigError(f"'{text}' is not of the form <name> or <name>:<part>", field="device")
    return match[1], int(match[2] or 1)


def _split(text: str) -> Iterator[str]:
    position = 0
    while position < len(text):
        match = _WORD.match(text, position)
        if match is None:
            raise ConfigError("a double quote is not closed")
        yield match[1]
        position = match.end()


def _arguments(words: list[str]) -> Arguments:
    found: dict[str, str | None] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not _ARGUMENT.fullmatch(name):
            raise ConfigError(f"'{word}' is not of the form <name> or <name>=<value>")
        if name in found:
            raise ConfigError("is repeated", field=name)
        found[name] = _QUOTED.sub(_unquoted, value) if equals else None
    return tuple(found.items())


def _unquoted(match: re.Match[str]) -> str:
    return re.sub(r"\\(.)", r"\1", match[1])


def _words(arguments: Arguments) -> list[str]:
    return [name if value is None else f"{name}={_quoted(value)}" for name, value in arguments]


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'
