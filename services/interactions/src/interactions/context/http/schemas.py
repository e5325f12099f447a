"""The responses of contexts, timelines and the change feed, for the API's document.

Postgres writes these responses itself, from the same descriptions of rows and parts, so no request
runs anything here; the tests check every real response against it.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import create_model

from common.web.requests import ResponseModel
from interactions.context.parts import PART_NAMES, PARTS
from interactions.context.store.change_feed import ShownChange
from interactions.history import ShownInteraction

PartName: Any = Literal[PART_NAMES]


class PartTrust(ResponseModel):
    """Complete up to ``as_of``; if not complete, ``reason`` says why."""

    as_of: datetime | None
    complete: bool
    reason: str | None


def _fields() -> dict[str, Any]:
    """Return the type and the default of each member; a part that was not asked for is absent."""
    parts: dict[str, Any] = {
        part.name: (part.shape, ()) if part.empty == "[]" else (part.shape | None, None)
        for part in PARTS.values()
    }
    return {"customer_id": UUID, **parts, "parts": dict[PartName, PartTrust]}


ContextResponse: type[ResponseModel] = create_model(
    "ContextResponse",
    __base__=ResponseModel,
    __doc__="The wanted parts, and under ``parts`` how far each can be trusted.",
    **_fields(),
)


class TimelineResponse(ResponseModel):
    """``next`` is the cursor of the following page, null at the end."""

    items: list[ShownInteraction]
    next: str | None


class ChangesResponse(ResponseModel):
    """``next`` is what to give as ``after`` the next time, at the end of the feed too."""

    items: list[ShownChange]
    next: int
