"""What a predicate can ask: every named fact with its arguments and what it answers.

This table is what the parser checks against and what docs/scenarios.md lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from appliance.model.ha.status import NODE_STATES, SERVICE_STATES

POWER = ("on", "off", "booting", "hung", "paused", "stopping")
LRM_STATES = ("wait_for_agent_lock", "active", "maintenance", "lost_agent_lock")
NONE = "none"


@dataclass(frozen=True, slots=True)
class Answer:
    """The kind of a value: truth, node, number, duration, or word with the words there are.

    A node or a word can also be `none`.
    """

    kind: str
    words: tuple[str, ...] = ()

    def describe(self) -> str:
        """What such a value looks like, for messages."""
        if self.kind == "word":
            return f"one of {', '.join((*self.words, NONE))}"
        return {
            "truth": "true or false",
            "node": f"a node or {NONE}",
            "number": "a number",
            "duration": "a duration such as 2m30s",
        }[self.kind]


TRUTH = Answer("truth")
NODE = Answer("node")
NUMBER = Answer("number")
DURATION = Answer("duration")


@dataclass(frozen=True, slots=True)
class Function:
    """takes: `guest`, `node`, `guests` (two or more, ranges too), or nothing."""

    name: str
    takes: str
    gives: Answer
    help: str

    def usage(self) -> str:
        return {
            "guest": f"{self.name}(vm:100)",
            "node": f"{self.name}(node1)",
            "guests": f"{self.name}(vm:100, vm:101)",
            "": self.name,
        }[self.takes]


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        function.name: function
        for function in (
            Function("runs", "guest", NODE, "the node on which its process runs"),
            Function("running", "guest", TRUTH, "its process runs somewhere"),
            Function(
                "service", "guest", Answer("word", SERVICE_STATES), "its state as HA shows it"
            ),
            Function("placed", "guest", NODE, "the node where its configuration lies"),
            Function("downtime", "guest", DURATION, "how long it was down since the check began"),
            Function("together", "guests", TRUTH, "those that run, run on one node"),
            Function("apart", "guests", TRUTH, "no two of them run on one node"),
            Function("power", "node", Answer("word", POWER), "its power, seen at the machine"),
            Function("online", "node", TRUTH, "a quorate part of the cluster counts it as online"),
            Function("quorate", "node", TRUTH, "the node itself says that it has quorum"),
            Function("node", "node", Answer("word", NODE_STATES), "its state as HA shows it"),
            Function("lrm", "node", Answer("word", LRM_STATES), "the state of its LRM"),
            Function("master", "", NODE, "the node whose CRM is master"),
            Function("converged", "", TRUTH, "all is as it should be: nodes, master, every guest"),
        )
    }
)
