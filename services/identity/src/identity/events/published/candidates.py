"""Events about candidates: found, decided, expired."""

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.messaging import EventData
from common.story import CANDIDATE, CLEO, CLEO_IN_SHOP, OTHER_CANDIDATE
from identity.events.published.shared import example_config

CANDIDATES_TOPIC = "identity.candidates"

_EVIDENCE: list[dict[str, Any]] = [
    {"field": "given_name", "level": "same", "weight": 5.0499},
    {"field": "surname", "level": "close", "weight": 3.6889},
    {"field": "city", "level": "same", "weight": 3.6889},
]

CandidateId = Annotated[UUID, Field(description="The id of the candidate.")]
CustomerIds = Annotated[
    list[UUID],
    Field(
        description="The ids of the two customers when they were compared, the smaller one first;"
        " each leads to its canonical customer.",
        min_length=2,
        max_length=2,
    ),
]


class FieldEvidence(BaseModel):
    """What one field says, without its values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str = Field(
        description="The field that was compared: ``given_name``, ``middle_name``, ``surname``,"
        " ``birth_date``, ``street``, ``unit``, ``city``, ``postcode``, ``sex``, ``email``,"
        " ``phone``, ``customer_number``, or the name of an attribute of the caller's own."
    )
    level: str = Field(
        description="How well the field agrees, such as ``same``, ``nickname``, ``close`` (a slip"
        " of the pen), ``similar``, ``swapped`` or ``different``."
    )
    weight: float = Field(
        description="What the level adds to the logarithm of the odds that the two are one person;"
        " below 0 it speaks against that."
    )


class CandidateFoundV1(EventData):
    """Two customers may be one person, and somebody is to decide."""

    model_config = example_config(
        {
            "candidate_id": CANDIDATE,
            "customer_ids": [CLEO, CLEO_IN_SHOP],
            "probability": 0.9397,
            "evidence": _EVIDENCE,
        }
    )
    event_type: ClassVar[str] = "identity.candidate.found"
    topic: ClassVar[str] = CANDIDATES_TOPIC

    candidate_id: CandidateId
    customer_ids: CustomerIds
    probability: float = Field(
        description="How likely the two are one person, by the tenant's model.", ge=0, le=1
    )
    evidence: list[FieldEvidence] = Field(
        description="What each field says, in the order in which they are compared."
    )


class CandidateDecidedV1(EventData):
    """A person decided. ``same``: the two were merged; ``different``: they are never merged."""

    model_config = example_config(
        {
            "candidate_id": CANDIDATE,
            "customer_ids": [CLEO, CLEO_IN_SHOP],
            "decision": "different",
            "actor": "key:a7Os1Oj49WB7",
            "reason": "mother and daughter",
        }
    )
    event_type: ClassVar[str] = "identity.candidate.decided"
    topic: ClassVar[str] = CANDIDATES_TOPIC

    candidate_id: CandidateId
    customer_ids: CustomerIds
    decision: Literal["same", "different"] = Field(description="What the person decided.")
    actor: str = Field(
        description="Who decided: the caller's credential as ``key:<id>`` or"
        " ``jwt:<issuer>:<subject>``."
    )
    reason: str | None = Field(description="The reason that the person gave; null without one.")


class CandidateExpiredV1(EventData):
    """The question needs no answer any more."""

    model_config = example_config(
        {
            "candidate_id": OTHER_CANDIDATE,
            "customer_ids": [CLEO, CLEO_IN_SHOP],
            "reason": "evidence_changed",
        }
    )
    event_type: ClassVar[str] = "identity.candidate.expired"
    topic: ClassVar[str] = CANDIDATES_TOPIC

    candidate_id: CandidateId
    customer_ids: CustomerIds
    reason: str = Field(
        description="Why: ``evidence_changed`` (what is known of one of them is another),"
        " ``merged`` (they are one customer) or ``asked_already`` (another candidate asks the"
        " same)."
    )
