"""How complete each part of a context is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartStatus:
    """A complete part holds everything up to ``as_of``; for any other, ``reason`` says why not."""

    as_of: str | None
    """RFC 3339."""
    complete: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SourceProgress:
    """How far another service's events have been consumed: all from before ``as_of``."""

    name: str
    as_of: str | None
    behind_seconds: float | None
    """None before the first event has arrived."""


def status_of_source(progress: SourceProgress, *, stale_after_seconds: float) -> PartStatus:
    """Return the status of a part that is made of another service's events."""
    if progress.behind_seconds is None:
        reason = f"no {progress.name} events have arrived yet"
        return PartStatus(None, complete=False, reason=reason)
    if progress.behind_seconds > stale_after_seconds:
        behind = int(progress.behind_seconds)
        reason = f"{progress.name} events are {behind} s behind"
        return PartStatus(progress.as_of, complete=False, reason=reason)
    return PartStatus(progress.as_of, complete=True)
