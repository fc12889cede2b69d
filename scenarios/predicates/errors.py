"""What is wrong with a predicate, and where in it."""

from __future__ import annotations


class PredicateError(Exception):
    """A predicate that cannot be understood. Whoever knows the file makes a ConfigError of it."""

    def __init__(self, message: str, text: str, at: int) -> None:
        super().__init__(message)
        self.message, self.text, self.at = message, text, at

    def pointer(self) -> str:
        """Two lines: the predicate, and a caret under the place."""
        flat = self.text.replace("\n", " ").replace("\t", " ")
        return f"{flat}\n{' ' * self.at}^"

    def sentence(self) -> str:
        """One line: what is wrong and the column."""
        return f'{self.message} (column {self.at + 1} of "{" ".join(self.text.split())}")'
