"""Breaking changes that are accepted until version 1.0, each with a day and a reason."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from tools.contracts.breaking.changes import Change

EMPTY = """\
# Breaking changes since the last release that are accepted, until version 1.0. For each:
#
#   [[exception]]
#   date = 2026-11-30
#   reason = "Why no caller or consumer suffers, or what they do instead."
#   changes = ["operation-removed: GET /v1/things", "value-added: Clock/state *"]
#
# A change is named as `make check-api` prints it, without what stands in brackets; `*` stands for
# any text. An exception that excuses nothing is refused. A release empties this file.
"""


class InvalidExceptionError(ValueError):
    """An entry of the file lacks something, or exceptions are no longer allowed."""


@dataclass(frozen=True)
class Excuse:
    """An exception: the names of changes that it excuses, with ``*`` for any text."""

    day: date
    reason: str
    changes: Sequence[str]


def read_exceptions(path: Path) -> list[Excuse]:
    """Return the exceptions in a file. Raises ``InvalidExceptionError`` if one is incomplete."""
    entries = tomllib.loads(path.read_text()).get("exception", [])
    return [_checked(entry) for entry in entries]


def _checked(entry: dict[str, object]) -> Excuse:
    day, reason, changes = (entry.get(name) for name in ("date", "reason", "changes"))
    if unknown := set(entry) - {"date", "reason", "changes"}:
        raise InvalidExceptionError(f"an exception has an unknown field: {', '.join(unknown)}")
    if type(day) is not date:
        raise InvalidExceptionError(f"the exception for {changes} needs a date")
    if not isinstance(reason, str) or not reason.strip():
        raise InvalidExceptionError(f"the exception for {changes} needs a reason")
    if not isinstance(changes, list) or not changes:
        raise InvalidExceptionError(f"the exception of {day} excuses no change; list some")
    return Excuse(day, reason, [str(change) for change in changes])


def judge(changes: Iterable[Change], excuses: Sequence[Excuse], *, version: str) -> list[str]:
    """Return what is refused: changes without an exception, and exceptions without a change."""
    if excuses and int(version.partition(".")[0]) >= 1:
        return [f"exceptions are allowed until version 1.0 only, and this is {version}"]
    patterns = [pattern for excuse in excuses for pattern in excuse.changes]
    used: set[str] = set()
    refused: list[str] = []
    for change in changes:
        matching = {pattern for pattern in patterns if fnmatchcase(change.name, pattern)}
        used |= matching
        if not matching:
            refused.append(str(change))
    unused = [pattern for pattern in patterns if pattern not in used]
    return refused + [f"an exception excuses nothing; remove it: {name}" for name in unused]
