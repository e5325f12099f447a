"""The bodies of requests about privacy, and of their responses."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from common.web.requests import JsonTime, Name, RequestModel, ResponseModel
from identity.customers.http.requested import Region
from identity.resolution.http.schemas import MAX_IDENTIFIERS_PER_REQUEST, ObservedIdentifier

Counts = dict[str, int]


class ErasureRequest(RequestModel):
    """With ``dry_run`` the response lists what would go; nothing changes."""

    customer_id: UUID = Field(description="Any id ever issued for the customer.")
    reason: Name = Field(
        description="Why, as the receipt states it. It outlives the customer, so it must not name"
        " them."
    )
    dry_run: bool = Field(
        default=False, description="Whether only to count what would go; absent means false."
    )


class ServiceReport(ResponseModel):
    """What one service has erased."""

    service: str = Field(description="The service that reports.")
    completed_at: JsonTime = Field(description="When it had erased everything.")
    erased: Counts = Field(
        description="How many rows were erased or emptied, by table. The search for what was still"
        " being written goes on for some minutes after, and counts nothing."
    )
    kafka_records_expire_at: JsonTime = Field(
        description="Until when Kafka may keep what the service had published about the customer,"
        " by the retention that it gives its topics."
    )


class ErasureResponse(ResponseModel, title="Erasure"):
    """From the answer on nobody can read the customer, in whatever ``state`` the erasure is."""

    erasure_id: UUID | None = Field(
        description="The id of the erasure; null for a ``dry_run`` of a customer not yet erased."
    )
    state: Literal["planned", "erasing", "waiting", "complete"] = Field(
        description="``planned`` for a ``dry_run``; ``erasing`` while identity searches its logs"
        " and queues; ``waiting`` while other services have not reported; ``complete`` once the"
        " receipt is signed."
    )
    customer_ids: list[UUID] = Field(
        description="Every id that led to the customer, the canonical one first. None of them"
        " leads anywhere after the erasure."
    )
    reason: str = Field(description="The ``reason`` of the first request.")
    actor: str = Field(
        description="Who asked first: a credential, as ``key:<id>`` or ``jwt:<issuer>:<subject>``."
    )
    denied_identifiers: int = Field(
        description="How many identifiers no longer lead to a customer, until the person signs up"
        " again."
    )
    erased: Counts = Field(
        description="How many rows of identity's tables the request erased, or would erase; what"
        " the search of logs and queues finds is in ``services``."
    )
    services: list[ServiceReport] = Field(
        description="The reports of services so far, sorted by service."
    )
    requested_at: JsonTime = Field(description="When the erasure was first asked for.")
    completed_at: JsonTime | None = Field(
        description="When the last service had reported; null until then."
    )


class Signature(ResponseModel):
    """``value`` signs the receipt as JSON by RFC 8785: no blanks, names sorted, in UTF-8."""

    algorithm: Literal["Ed25519"] = Field(description="The algorithm of the signature.")
    key_id: str = Field(description="The ``kid`` of the public key in ``GET /v1/receipt-keys``.")
    value: str = Field(description="The signature in Base64 for URLs, without padding.")


class ReceiptResponse(ResponseModel, title="SignedReceipt"):
    """Save it as it is: ``python -m identity receipts verify`` checks it, also offline."""

    receipt: dict[str, Any] = Field(
        description="What was erased: the ids, times, actor and reason of the erasure, how many"
        " identifiers are denied, and the report of each service."
    )
    signature: Signature = Field(description="The signature of ``receipt``.")


class ReceiptKeysResponse(ResponseModel, title="ReceiptKeys"):
    """A JWKS (RFC 7517) of Ed25519 keys: the present one first, then those before it."""

    keys: list[dict[str, Any]] = Field(description="The public keys, as JWKs.")


class SuppressionRequest(RequestModel):
    """The contact point is processed no more, whichever customer has it, now or later."""

    identifier: ObservedIdentifier = Field(description="The contact point, in any spelling.")
    reason: Name = Field(description="Why; it must not name the person.")
    default_region: Region | None = Field(
        default=None,
        description="The ISO 3166 code of the country of a telephone number without a country"
        " code; absent or null means the service's default, if it has one.",
    )


class SuppressionResponse(ResponseModel, title="Suppression"):
    """The contact point itself is not stored: identity recognises it by a keyed hash."""

    suppression_id: UUID = Field(description="The id of the suppression.")
    type: str = Field(description="The type of the contact point, such as ``email``.")
    reason: str = Field(description="Why it is suppressed.")
    actor: str = Field(description="Who asked for it, as a credential.")
    created_at: JsonTime = Field(description="Since when it is suppressed.")
    lifted_at: JsonTime | None = Field(
        description="Since when it is processed again; null while it is suppressed."
    )
    lift_reason: str | None = Field(
        description="Why it is processed again; null while it is suppressed."
    )


class LiftRequest(RequestModel):
    """The contact point may be processed again."""

    reason: Name = Field(description="Why; it must not name the person.")


class SignUpRequest(RequestModel):
    """A person who was erased is a customer again."""

    identifiers: list[ObservedIdentifier] = Field(
        min_length=1,
        max_length=MAX_IDENTIFIERS_PER_REQUEST,
        description="The identifiers with which the person signed up; their levels mean nothing.",
    )
    default_region: Region | None = Field(
        default=None,
        description="The ISO 3166 code of the country of telephone numbers without a country code;"
        " absent or null means the service's default, if it has one.",
    )


class SignUpResponse(ResponseModel, title="SignUp"):
    """The identifiers lead to a customer again; the next request to resolve them creates one."""

    lifted: int = Field(
        description="How many of the identifiers were of an erased customer until now."
    )
    signed_up_at: JsonTime = Field(description="Since when they are accepted again.")
