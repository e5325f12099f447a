"""One part of a context: how it is read, shown and masked."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from common.web.requests import JsonObject
from common.web.responses import Masker


class Source(StrEnum):
    """Whose events a part is made of."""

    HISTORY = "interactions"
    IDENTITY = "identity"
    SLA = "sla"


def show_unmasked(value: Any, _masker: Masker) -> Any:
    """Return the value as it is: nothing in it is personal."""
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextPart:
    """What a context needs to know of one of its parts."""

    name: str
    shape: Any
    """The type of the part in the API's document."""
    description: str
    """What the part holds, for the API's document."""
    empty: str
    """The JSON that stands for the part when it was not read."""
    mask: Callable[[Any, Masker], Any]
    """Given the part as decoded JSON, returns what a caller without ``pii:read`` sees."""
    source: Source = Source.HISTORY
    sql: str | None = None
    """A scalar query that writes the part as JSON text; None while nothing feeds the part.

    It may read ``target`` (the customer), ``member`` (all of its ids), ``profile`` and ``tables``.
    """
    tables: tuple[str, ...] = ()
    """Common table expressions, in order. ``{visible}`` stands for the condition on ``i``, an
    interaction, that leaves out what the caller must not see; ``{for_agents}`` for the condition
    that leaves out everything for a caller who is bound to the customer."""
    cut: str | None = None
    """SQL that says whether there was more to read than the part reads."""
    cut_reason: str = ""
    cheap: bool = False
    """Whether the part is still read when all parts together took too long."""


def unfed(name: str) -> ContextPart:
    """Return a part that has its place in the API but that nothing feeds yet."""
    return ContextPart(
        name=name,
        shape=list[JsonObject],
        description="Always empty: nothing feeds this part yet.",
        empty="[]",
        mask=show_unmasked,
    )
