"""An interaction as timelines, contexts and the change feed show it."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from typing_extensions import override

from common.web.requests import JsonObject, JsonTime
from common.web.responses import Masker
from interactions.history.domain.contact import NOBODY
from interactions.history.shown.masks import ATTACHMENTS, LEAVES, NAME, OPEN, TEXT, WITHHELD
from interactions.history.shown.row import Json, ShownRow, Value

TEXT_LIMIT = 10_000
"""Characters of one text in a shortened interaction."""
DATA_LIMIT_BYTES = 16_384

_TRUNCATED = (
    f"(coalesce(octet_length({{row}}.text), 0) > {TEXT_LIMIT}"
    f" OR pg_column_size({{row}}.data) > {DATA_LIMIT_BYTES})"
)


class ShownIdentifier(ShownRow):
    type: Annotated[str, OPEN]
    value: Annotated[str | None, TEXT]
    scope: Annotated[str | None, OPEN]
    level: Annotated[str, OPEN]
    raw: Annotated[str | None, WITHHELD] = Field(
        default=None, description="Not there without pii:read."
    )

    @classmethod
    @override
    def masked(cls, item: Mapping[str, Any], masker: Masker) -> dict[str, Any]:
        """Mask the value by its type, and leave out every other spelling of it."""
        kind, value = str(item.get("type")), item.get("value")
        return {
            "type": item.get("type"),
            "value": masker.value(kind, None if value is None else str(value)),
            "scope": item.get("scope"),
            "level": item.get("level"),
        }


class ShownAuthor(ShownRow):
    type: Annotated[str, OPEN]
    id: Annotated[str | None, TEXT]
    name: Annotated[str | None, NAME]

    @classmethod
    @override
    def masked(cls, item: Mapping[str, Any], masker: Masker) -> dict[str, Any]:
        """Mask the name; an id is personal if it is a customer's."""
        masked = super().masked(item, masker)
        return masked if item["type"] == "customer" else masked | {"id": item["id"]}


class ShownProvider(ShownRow):
    name: Annotated[str, OPEN]
    account: Annotated[str | None, OPEN]
    message_id: Annotated[str | None, WITHHELD]
    """Some providers' message ids spell out the sender's number."""


class ShownInteraction(ShownRow):
    """``origin_customer_id`` is the id it came with, null while nobody is known."""

    interaction_id: UUID
    conversation_id: UUID
    origin_customer_id: Annotated[
        UUID | None, Value(f"nullif({{row}}.origin_customer_id, '{NOBODY}')")
    ]
    sequence: int
    channel: Annotated[str, OPEN]
    kind: Annotated[str, OPEN]
    direction: Annotated[str, OPEN]
    author: ShownAuthor
    private: bool
    automated: bool
    subject: Annotated[str | None, TEXT]
    text: Annotated[str | None, TEXT]
    data: Annotated[JsonObject | None, LEAVES, Json("{row}.data")]
    attachments: Annotated[list[JsonObject], ATTACHMENTS]
    identifiers: list[ShownIdentifier]
    provider: ShownProvider | None
    in_reply_to: Annotated[str | None, WITHHELD]
    locale: Annotated[str | None, OPEN]
    occurred_at: JsonTime
    received_at: JsonTime
    recorded_at: JsonTime
    time_source: Annotated[str, OPEN]
    backfill: bool


class ShortenedInteraction(ShownInteraction):
    """In a context long texts are cut and large data is left out; ``truncated`` says so."""

    text: Annotated[str | None, TEXT, Value(f"left({{row}}.text, {TEXT_LIMIT})")]
    data: Annotated[
        JsonObject | None,
        LEAVES,
        Json(
            f"CASE WHEN pg_column_size({{row}}.data) <= {DATA_LIMIT_BYTES}"
            " THEN {row}.data::text ELSE 'null' END"
        ),
    ]
    truncated: Annotated[bool, Value(_TRUNCATED)]
