"""The responses of contexts, timelines and the change feed, for the API's document.

Postgres writes these responses itself, from the same descriptions of rows and parts, so no request
runs anything here; the tests check every real response against it.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Path
from pydantic import Field, create_model

from common.web import tag
from common.web.requests import ResponseModel
from interactions.context.parts import PART_NAMES, PARTS
from interactions.context.store.change_feed import ShownChange
from interactions.history import ShownInteraction

CONTEXT = tag("context", "The whole customer: who it is, what happened, and what is due.")

PartName: Any = Literal[PART_NAMES]

CustomerId = Annotated[
    UUID, Path(description="Any id of the customer, also one that was merged into another.")
]


class PartTrust(ResponseModel, title="PartTrust"):
    """Complete up to ``as_of``; if not complete, ``reason`` says why."""

    as_of: datetime | None = Field(
        description="The part shows everything from before this time, in UTC; null if no time is"
        " known."
    )
    complete: bool = Field(description="Whether nothing is missing up to `as_of`.")
    reason: str | None = Field(
        description="Why the part is not complete, in words; null if it is complete."
    )


def _fields() -> dict[str, Any]:
    """Return the type and the field of each member; a part that was not asked for is absent."""
    parts: dict[str, Any] = {
        part.name: (part.shape, Field(default=(), description=part.description))
        if part.empty == "[]"
        else (part.shape | None, Field(default=None, description=part.description))
        for part in PARTS.values()
    }
    customer_id = Field(description="Canonical id of the customer, whichever id was asked for.")
    trust = Field(description="How complete each wanted part is, by the name of the part.")
    return {
        "customer_id": (UUID, customer_id),
        **parts,
        "parts": (dict[PartName, PartTrust], trust),
    }


ContextResponse: type[ResponseModel] = create_model(
    "ContextResponse",
    __base__=ResponseModel,
    __cls_kwargs__={"title": "Context", "json_schema_serialization_defaults_required": False},
    __doc__="The wanted parts, and under ``parts`` how far each can be trusted.",
    **_fields(),
)


class TimelineResponse(ResponseModel, title="Timeline"):
    """``next`` is the cursor of the following page, null at the end."""

    items: list[ShownInteraction] = Field(
        description="The interactions of this page, newest first."
    )
    next: str | None = Field(
        description="What to give as `cursor` for the following page; null on the last page."
    )


class ChangesResponse(ResponseModel, title="Changes"):
    """``next`` is what to give as ``after`` the next time, at the end of the feed too."""

    items: list[ShownChange] = Field(
        description="The changes in order of `sequence`; empty at the end of the feed."
    )
    next: int = Field(
        description="What to give as `after` the next time: the `sequence` of the last change, or"
        " `after` itself if there is no new change."
    )
