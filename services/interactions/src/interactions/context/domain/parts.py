"""The parts of a context: which there are, which a caller asked for, and how complete each is."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.errors import FieldError, InvalidError

PARTS = (
    "customer",
    "identifiers",
    "consents",
    "preferences",
    "records",
    "conversations",
    "interactions",
    "sla",
    "insights",
)
LISTS = frozenset({"identifiers", "consents", "preferences", "records", "conversations",
                   "interactions"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class PartStatus:
    """How far one part can be trusted: up to ``as_of`` when complete, else ``reason`` says why."""

    as_of: str | None
    """RFC 3339."""
    complete: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """What we know of another service's events: all that it wrote before ``as_of`` has arrived."""

    name: str
    as_of: str | None
    behind_seconds: float | None
    """None when nothing has ever arrived."""


def choose_parts(names: Sequence[str] | None, *, pointer: str) -> tuple[str, ...]:
    """Return the wanted parts in their fixed order; all of them when none are named.

    Raises:
        InvalidError: a name is no part.
    """
    if names is None:
        return PARTS
    if not names or not set(names) <= set(PARTS):
        detail = "a list of: " + ", ".join(PARTS)
        raise InvalidError(
            "include names an unknown part", errors=[FieldError(pointer=pointer, detail=detail)]
        )
    return tuple(part for part in PARTS if part in names)


def status_of_source(source: Source, *, stale_after_seconds: float) -> PartStatus:
    """Say how far a part that is fed by another service's events can be trusted."""
    if source.behind_seconds is None:
        return PartStatus(None, complete=False, reason=f"no {source.name} events have arrived yet")
    if source.behind_seconds > stale_after_seconds:
        behind = int(source.behind_seconds)
        reason = f"{source.name} events are {behind} s behind"
        return PartStatus(source.as_of, complete=False, reason=reason)
    return PartStatus(source.as_of, complete=True)
