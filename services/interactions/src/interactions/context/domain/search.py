"""What the text of a search box means: words, "phrases", -not, or; the last word may be partial."""

from dataclasses import dataclass

_OPERATORS = frozenset({"or", "and"})


@dataclass(frozen=True, slots=True)
class Search:
    """The typed text; if its last word may be unfinished, also that word as a prefix.

    ``prefix`` is in tsquery syntax, and empty unless the last word is plain and may be unfinished;
    ``head`` is the text before it.
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
