"""Reading a search box: words, "phrases", -not, or; and the last word may be unfinished."""

from dataclasses import dataclass

_OPERATORS = frozenset({"or", "and"})


@dataclass(frozen=True, slots=True)
class Search:
    """What was typed, and how its last word goes on if it is unfinished.

    ``prefix`` is in tsquery syntax, empty when the last word is complete or no plain word; ``head``
    is what stands before it.
    """

    typed: str
    head: str
    prefix: str


def read_search(typed: str) -> Search:
    """Split off the last word, unless it is quoted, negated, an operator or followed by a blank."""
    head, last = _split_last_word(typed)
    quoted = '"' in last or typed.count('"') % 2 == 1
    if not last or quoted or last.startswith("-") or last.casefold() in _OPERATORS:
        return Search(typed, head="", prefix="")
    escaped = last.replace("\\", "\\\\").replace("'", "''")
    return Search(typed, head=head, prefix=f"'{escaped}':*")


def _split_last_word(typed: str) -> tuple[str, str]:
    if typed != typed.rstrip():
        return typed, ""
    words = typed.rsplit(maxsplit=1)
    last = words[-1] if words else ""
    return typed[: len(typed) - len(last)], last
