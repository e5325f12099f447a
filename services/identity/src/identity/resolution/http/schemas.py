"""The bodies of requests to resolve identifiers, and of their responses."""

from typing import Literal
from uuid import UUID

from pydantic import Field
from typing_extensions import override

from common.web import RejectedItem
from common.web.requests import Name, RequestModel, ResponseModel, ShortText, Timestamp
from identifiers import BUILT_IN_TYPES, MAX_KEY_BYTES, MAX_VALUE_LENGTH
from identity.customers.domain.attributes import MAX_ATTRIBUTE_BYTES
from identity.customers.domain.identifiers import DropReason
from identity.customers.http.requested import (
    MAX_ATTRIBUTES_PER_REQUEST,
    AttributeJson,
    AttributeName,
    IdentifierType,
    IdentifierValue,
    Region,
)
from identity.customers.http.schemas import LinkedIdentifier, PresentedIdentifier
from identity.customers.shown import (
    LEVEL,
    SCOPE,
    TYPE,
    LevelName,
    NormalisedValue,
    ShownScope,
    ShownType,
)

MAX_IDENTIFIERS_PER_REQUEST = 50

_LONGEST = (
    ", ".join(
        f"{known.max_length} for ``{kind}``"
        for kind, known in BUILT_IN_TYPES.items()
        if known.max_length != MAX_VALUE_LENGTH
    )
    + f", {MAX_VALUE_LENGTH} for any other type"
)
_MEANINGS = {
    DropReason.BLOCKED: "a placeholder that stands for nobody",
    DropReason.UNPARSEABLE: "not valid for its type",
    DropReason.TOO_LONG: f"a value over its type's limit, a scope over"
    f" {MAX_VALUE_LENGTH} characters, or either over {MAX_KEY_BYTES} bytes when normalised",
    DropReason.SCOPE_MISSING: "unique within a source, page or workspace only, and none is named",
    DropReason.REGION_MISSING: "a telephone number without a country code, and no default region",
    DropReason.SHORT_CODE: "a sender's short code, which is no telephone number",
    DropReason.SENDER_NAME: "a sender's name in place of a telephone number",
    DropReason.SEVERAL: "more than one address or number in one value",
    DropReason.CLAIMED_ELSEWHERE: "another customer's, and only claimed",
    DropReason.NEEDS_VERIFICATION: "another customer's, and merging the two takes verified proof",
    DropReason.CONFLICTING_STRONG_IDENTIFIERS: "verified numbers prove two different people",
    DropReason.TOO_MANY_IDENTIFIERS: "the customer would have too many identifiers",
    DropReason.CONTRADICTING_BIRTH_DATES: "another customer's, who was born on another day",
    DropReason.KEPT_APART: "another customer's, and a person decided that the two are not one",
    DropReason.HELD_ELSEWHERE: "another customer's, and nothing unites the two",
    DropReason.SHARED: "a group's contact point, beside identifiers of a person",
    DropReason.QUARANTINED: "proved together with too many others to be anybody's",
    DropReason.ERASED: "of a customer who was erased and has not signed up again",
    DropReason.SUPPRESSED: "on the list of contact points that must not be processed",
}
WITHHELD = "[withheld]"
"""In place of an identifier that must not be written down, not even in a stored answer."""


class ObservedIdentifier(RequestModel):
    """``scope`` is the source, page, workspace or portfolio within which the value is unique.

    ``external_id``, ``messenger``, ``instagram``, ``slack`` and WhatsApp's business-scoped ids need
    one; an ``external_id`` without it has the request's ``source``. E-mail addresses, telephone
    numbers and Telegram names need none, and it is ignored.
    """

    type: IdentifierType = Field(description=TYPE)
    value: IdentifierValue = Field(
        description="The identifier in any spelling: identity normalises it, and drops it if it"
        f" has too many characters: more than {_LONGEST}."
    )
    scope: ShortText | None = Field(default=None, description=SCOPE)
    level: LevelName | None = Field(
        default=None,
        description=f"{LEVEL} Absent or null means ``claimed``, or any level in a request that only"
        " looks up.",
    )


class ResolveRequest(RequestModel):
    """``default_region`` (ISO 3166) applies to telephone numbers without a country code."""

    identifiers: list[ObservedIdentifier] = Field(
        min_length=1,
        max_length=MAX_IDENTIFIERS_PER_REQUEST,
        description=f"1 to {MAX_IDENTIFIERS_PER_REQUEST} identifiers that were seen together.",
    )
    attributes: dict[AttributeName, AttributeJson] = Field(
        default_factory=dict,
        max_length=MAX_ATTRIBUTES_PER_REQUEST,
        description="What was observed of the customer: any JSON by name, up to"
        f" {MAX_ATTRIBUTE_BYTES} bytes each; null clears an attribute, absence keeps it.",
    )
    create: bool = Field(
        default=True,
        description="Whether to create a customer if none matches, and to add what is new; false"
        " only looks up and changes nothing. Absent means true.",
    )
    observed_at: Timestamp | None = Field(
        default=None,
        description="When this was observed; of two values of an attribute, the newer counts."
        " Absent, null or in the future means now.",
    )
    may_sign_up: bool = Field(
        default=True,
        description="Whether a verified identifier that was observed after its customer was erased"
        " makes the person a customer again; false of what may be a repetition, such as a message."
        " It means nothing without ``observed_at``. Absent means true.",
    )
    source: Name | None = Field(
        default=None,
        description="The system that reports this, kept as provenance, and the scope of each"
        " ``external_id`` that names none; absent or null if unknown.",
    )
    default_region: Region | None = Field(
        default=None,
        description="The ISO 3166 code of the country of telephone numbers without a country code,"
        " such as ``SE``; absent or null means the service's default, if it has one.",
    )

    @override
    def quota_cost(self) -> int:
        return len(self.identifiers)

    @override
    def party(self) -> str:
        first = self.identifiers[0]
        return f"{first.type}\0{first.value}"


class DroppedIdentifier(ResponseModel):
    """An identifier that was not linked to the customer, and why."""

    identifier: PresentedIdentifier = Field(
        description="The identifier as the caller wrote it; its value is"
        f" ``{WITHHELD}`` if it is erased or suppressed."
    )
    reason: str = Field(
        description="Why it was dropped: "
        + "; ".join(f"``{reason}``: {_MEANINGS[reason]}" for reason in DropReason)
        + "."
    )


class MovedIdentifier(ResponseModel):
    """An identifier that went from one customer to another."""

    identifier: LinkedIdentifier = Field(description="The identifier as it was before.")
    from_customer_id: UUID = Field(description="The customer who had it.")
    to_customer_id: UUID = Field(description="The customer who has it now.")


class QuarantinedKey(ResponseModel, title="IdentifierInQuarantine"):
    """An identifier that so many share that nothing is found by it any more."""

    type: ShownType
    value: NormalisedValue
    scope: ShownScope


class ResolveResponse(ResponseModel, title="Resolution"):
    """``customer_id`` is null only for the ``reason`` that is named."""

    customer_id: UUID | None = Field(
        description="The canonical id of the customer; null if ``reason`` says so."
    )
    reason: Literal["no_match", "nothing_usable", "erased", "suppressed"] | None = Field(
        description="Why there is no customer: ``no_match``, none has these identifiers and"
        " ``create`` was false; ``nothing_usable``, every identifier was dropped, and a customer"
        " that nobody can find again is not created; ``erased`` or ``suppressed``, what else was"
        " dropped is of a person whom the tenant must not process. Null if there is one."
    )
    created: bool = Field(description="Whether this request created the customer.")
    linked: list[LinkedIdentifier] = Field(
        description="The identifiers that are new to the customer, or better proved than before."
    )
    claimed: list[LinkedIdentifier] = Field(
        description="The identifiers of other customers that this customer claims: they open"
        " nothing and are shown to agents at both customers."
    )
    moved: list[MovedIdentifier] = Field(
        description="The identifiers that this request took from one customer and gave to another:"
        " a device that somebody else uses now, or an address that somebody else verified."
    )
    split: list[UUID] = Field(
        description="The new customers of identifiers that, as this request shows, are not those of"
        " the customer who had them."
    )
    quarantined: list[QuarantinedKey] = Field(
        description="The identifiers that so many share since this request that nothing is found by"
        " them any more."
    )
    conflicts: list[str] = Field(
        description="The attributes that cannot be one person's, such as a second ``birth_date``"
        " with the same address: several people may share it."
    )
    merged: list[UUID] = Field(
        description="The ids that this request redirected to the customer, sorted; empty without a"
        " merge."
    )
    dropped: list[DroppedIdentifier] = Field(
        description="The identifiers of the request that were not linked to the customer."
    )
    version: int | None = Field(
        description="The number of changes to the customer: the ``sequence`` of its last event;"
        " null if ``customer_id`` is."
    )


class ResolveBatchResponse(ResponseModel, title="Resolutions"):
    """One entry per item, in order: a ``ResolveResponse`` or ``{"problem": ...}``."""

    items: list[ResolveResponse | RejectedItem] = Field(
        description="One entry per item of the request, in its order."
    )
