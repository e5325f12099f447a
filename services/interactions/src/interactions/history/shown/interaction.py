"""An interaction as timelines, contexts and the change feed show it."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from typing_extensions import override

from common.web.requests import DescribedAs, JsonObject, JsonTime
from common.web.responses import Masker
from interactions.history.domain.contact import NOBODY, Level
from interactions.history.domain.interaction import AuthorType, Direction, Kind
from interactions.history.domain.interaction_time import TimeSource
from interactions.history.shown import fields
from interactions.history.shown.masks import ATTACHMENTS, LEAVES, NAME, OPEN, TEXT, WITHHELD
from interactions.history.shown.row import Json, ShownRow, Value

TEXT_LIMIT = 10_000
"""Characters of one text in a shortened interaction."""
DATA_LIMIT_BYTES = 16_384

_TRUNCATED = (
    f"(coalesce(octet_length({{row}}.text), 0) > {TEXT_LIMIT}"
    f" OR pg_column_size({{row}}.data) > {DATA_LIMIT_BYTES})"
)


class ShownIdentifier(ShownRow, title="Identifier"):
    """An identifier, as it arrived with an interaction or as identity has normalised it."""

    type: Annotated[str, OPEN] = Field(
        description="Type of identifier, such as `email` or `phone`; the tenant may use any name."
    )
    value: Annotated[str | None, TEXT] = Field(
        description="The identifier itself; without `pii:read` masked according to its type."
    )
    scope: Annotated[str | None, TEXT, fields.SCOPE]
    level: Annotated[str, OPEN, DescribedAs(Level), fields.LEVEL]

    @classmethod
    @override
    def masked(cls, item: Mapping[str, Any], masker: Masker) -> dict[str, Any]:
        """Mask the value by its type, and leave out every other spelling of it."""
        kind, value = str(item.get("type")), item.get("value")
        return {
            "type": item.get("type"),
            "value": masker.value(kind, None if value is None else str(value)),
            "scope": masker.text(item.get("scope")),
            "level": item.get("level"),
        }


class ShownAuthor(ShownRow, title="Author"):
    """Who wrote an interaction."""

    type: Annotated[str, OPEN, DescribedAs(AuthorType), fields.AUTHOR_TYPE]
    id: Annotated[str | None, TEXT] = Field(
        description="The author's id, as reported; null if it was not reported. Without `pii:read`"
        " the id of a customer is `***`."
    )
    name: Annotated[str | None, NAME] = Field(
        description="The author's name, without `pii:read` only its initial; null if it was not"
        " reported."
    )

    @classmethod
    @override
    def masked(cls, item: Mapping[str, Any], masker: Masker) -> dict[str, Any]:
        """Mask the name; an id is personal if it is a customer's."""
        masked = super().masked(item, masker)
        return masked if item["type"] == "customer" else masked | {"id": item["id"]}


class ShownProvider(ShownRow, title="ProviderMessage"):
    """The provider's name for a message."""

    name: Annotated[str, OPEN, fields.PROVIDER_NAME]
    account: Annotated[str | None, OPEN, fields.PROVIDER_ACCOUNT]
    message_id: Annotated[str | None, WITHHELD] = Field(
        description="The provider's id of the message; null without `pii:read`."
    )
    """Some providers' message ids spell out the sender's number."""


class ShownInteraction(ShownRow, title="Interaction"):
    """One interaction in full. Times are in UTC."""

    interaction_id: Annotated[UUID, fields.INTERACTION_ID]
    conversation_id: Annotated[UUID, fields.CONVERSATION_ID]
    origin_customer_id: Annotated[
        UUID | None,
        Value(f"nullif({{row}}.origin_customer_id, '{NOBODY}')"),
        fields.ORIGIN_CUSTOMER_ID,
    ]
    sequence: Annotated[int, fields.SEQUENCE]
    channel: Annotated[str, OPEN, fields.CHANNEL]
    kind: Annotated[str, OPEN, DescribedAs(Kind), fields.KIND]
    direction: Annotated[str, OPEN, DescribedAs(Direction), fields.DIRECTION]
    author: ShownAuthor = Field(description="The author of the interaction.")
    private: Annotated[bool, fields.PRIVATE]
    automated: Annotated[bool, fields.AUTOMATED]
    subject: Annotated[str | None, TEXT] = Field(
        description="Subject, `***` without `pii:read`; null if there is no subject."
    )
    text: Annotated[str | None, TEXT] = Field(
        description="Text, `***` without `pii:read`; null if there is no text."
    )
    data: Annotated[JsonObject | None, LEAVES, Json("{row}.data")] = Field(
        description="Further data in the sender's own form; without `pii:read` every text and"
        " number in it is `***`. Empty if none was reported."
    )
    attachments: Annotated[list[JsonObject], ATTACHMENTS] = Field(
        description="Descriptions of the attachments in the sender's own form, never their content;"
        " without `pii:read` only media types and sizes stay readable."
    )
    identifiers: list[ShownIdentifier] = Field(
        description="Identifiers of the customer that the interaction carried, as they arrived."
    )
    provider: ShownProvider | None = Field(
        description="The provider's name for the message; null if it was not reported."
    )
    in_reply_to: Annotated[str | None, WITHHELD] = Field(
        description="The provider's id of the message that this one answers; null if it answers"
        " no message, and without `pii:read`."
    )
    locale: Annotated[str | None, OPEN, fields.LOCALE]
    occurred_at: JsonTime = Field(
        description="When it happened, as `time_source` explains; timelines are ordered by it."
    )
    received_at: JsonTime = Field(description="When this service received it.")
    recorded_at: JsonTime = Field(description="When this service stored it.")
    time_source: Annotated[str, OPEN, DescribedAs(TimeSource)] = Field(
        description="Where `occurred_at` comes from: `given` (the sender), `received` (the time of"
        " receipt, because the sender gave none) or `implausible` (the time of receipt, because"
        " the sender's was before 2000 or over five minutes ahead)."
    )
    backfill: Annotated[bool, fields.BACKFILL]


class ShortenedInteraction(ShownInteraction, title="ShortenedInteraction"):
    """An interaction without its longest texts and data. Times are in UTC."""

    text: Annotated[str | None, TEXT, Value(f"left({{row}}.text, {TEXT_LIMIT})")] = Field(
        description=f"The first {TEXT_LIMIT:,} characters of the text, `***` without `pii:read`;"
        " null if there is no text."
    )
    data: Annotated[
        JsonObject | None,
        LEAVES,
        Json(
            f"CASE WHEN pg_column_size({{row}}.data) <= {DATA_LIMIT_BYTES}"
            " THEN {row}.data::text ELSE 'null' END"
        ),
    ] = Field(
        description="Further data in the sender's own form; without `pii:read` every text and"
        f" number in it is `***`. Null if it takes more than {DATA_LIMIT_BYTES:,} bytes in store."
    )
    truncated: Annotated[bool, Value(_TRUNCATED)] = Field(
        description=f"Whether the text is longer than {TEXT_LIMIT:,} bytes, so that it may be cut,"
        " or the data was left out; the timeline has both in full."
    )
