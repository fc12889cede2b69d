"""Named predicates over what an outsider can see of a cluster: parsed, checked, never evaluated
as code. `parse` makes a tree, `as_text` writes it back, `Watch` looks at it while a run goes on.
"""

from __future__ import annotations

from scenarios.predicates.errors import PredicateError
from scenarios.predicates.names import Names
from scenarios.predicates.parse import parse
from scenarios.predicates.text import as_text
from scenarios.predicates.tree import Predicate

__all__ = ["Names", "Predicate", "PredicateError", "as_text", "parse"]
