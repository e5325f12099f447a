"""What the text of a search box means: words, "phrases", -not, or; the last word may be partial."""

import re
from dataclasses import dataclass

MAX_WORDS = 20
"""Words of a search; those that follow are left out."""

_RULE = re.compile(r"-{2,}")
"""A line of hyphens, as under a heading or above a signature: not a negation of negations."""
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
    """Split off the last word, unless it is quoted, negated, an operator or followed by a blank.

    Hyphens that stand alone mean nothing. (Postgres would negate what follows, and fail on many.)
    """
    typed = _tidied(typed)
    head, last = _split_last_word(typed)
    quoted = '"' in last or typed.count('"') % 2 == 1
    if not last or quoted or last.startswith("-") or last.casefold() in _OPERATORS:
        return Search(typed, head="", prefix="")
    escaped = last.replace("\\", "\\\\").replace("'", "''")
    return Search(typed, head=head, prefix=f"'{escaped}':*")


def _tidied(typed: str) -> str:
    words = [word for word in _RULE.sub(" ", typed).split() if word != "-"]
    is_complete = len(words) > MAX_WORDS or typed != typed.rstrip()
    return " ".join(words[:MAX_WORDS]) + (" " if words and is_complete else "")


def _split_last_word(typed: str) -> tuple[str, str]:
    if typed != typed.rstrip():
        return typed, ""
    words = typed.rsplit(maxsplit=1)
    last = words[-1] if words else ""
    return typed[: len(typed) - len(last)], last
