"""Examples of erasing, exporting and objecting, for the API's document."""

from typing import Any

from common.story import BO, BO_BY_PHONE, BOS_ERASURE, SUPPRESSION
from common.web import Example

_CREATED_AT = "2026-11-23T08:10:00.000000Z"
_REQUESTED_AT = "2026-11-23T13:20:00.000000Z"
_COMPLETED_AT = "2026-11-23T13:30:00.000000Z"
_EXPIRE_AT = "2026-11-23T19:30:00.000000Z"
_ACTOR = "key:7b3c9d21e4f0"
_KEY_ID = "b4fK0v7uE2gq1XcT"
_REASON = "request of 23 November"
_REQUEST: dict[str, Any] = {"customer_id": BO_BY_PHONE, "reason": _REASON}
_ROWS = {
    "group_member": 0,
    "group_contact_point": 0,
    "merge_log": 1,
    "match_key": 5,
    "match_profile": 2,
    "match_candidate": 0,
    "claim": 1,
    "quarantine": 0,
    "decision": 1,
    "link": 1,
    "key_conflict": 0,
    "customer_search": 1,
    "identifier": 2,
    "customer_alias": 2,
    "customer": 2,
}
_ERASURE: dict[str, Any] = {
    "erasure_id": BOS_ERASURE,
    "state": "erasing",
    "customer_ids": [BO, BO_BY_PHONE],
    "reason": _REASON,
    "actor": _ACTOR,
    "denied_identifiers": 2,
    "erased": _ROWS,
    "services": [],
    "requested_at": _REQUESTED_AT,
    "completed_at": None,
}
_FOUND = _ROWS | {"attribute_observation": 3, "dead_letter": 0, "outbox": 7, "idempotency": 0}
_REPORT = {
    "service": "identity",
    "completed_at": _COMPLETED_AT,
    "erased": _FOUND,
    "kafka_records_expire_at": _EXPIRE_AT,
}

_REPORTS = [
    _REPORT,
    {
        "service": "interactions",
        "completed_at": _COMPLETED_AT,
        "erased": {
            "interaction": 0,
            "unresolved": 0,
            "conversation": 0,
            "raw_delivery": 0,
            "sla_clock": 0,
            "change": 0,
            "customer_profile": 0,
            "customer_pointer": 0,
            "customer_version": 1,
            "dead_letter": 0,
            "outbox": 0,
            "idempotency": 0,
        },
        "kafka_records_expire_at": _EXPIRE_AT,
    },
    {
        "service": "sla",
        "completed_at": _COMPLETED_AT,
        "erased": {
            "clock": 0,
            "conversation": 0,
            "alert": 0,
            "customer_pointer": 1,
            "dead_letter": 0,
            "outbox": 0,
            "idempotency": 0,
        },
        "kafka_records_expire_at": _EXPIRE_AT,
    },
]

ERASE = (
    Example(
        name="preview",
        summary="What would go; nothing changes",
        body=_REQUEST | {"dry_run": True},
        answer=_ERASURE
        | {
            "erasure_id": None,
            "state": "planned",
            "erased": _ROWS | {"attribute_observation": 3},
        },
    ),
    Example(
        name="erase",
        summary="By any of the ids, all of the customer goes",
        body=_REQUEST,
        status=202,
        answer=_ERASURE,
    ),
    Example(
        name="again",
        summary="The customer was erased before: nothing changes",
        body={"customer_id": BO, "reason": "asked twice"},
        answer=_ERASURE,
    ),
)
READ_ERASURE = (
    Example(
        name="under_way",
        summary="The customer cannot be read any more; logs and queues are being searched",
        path={"erasure_id": BOS_ERASURE},
        answer=_ERASURE,
    ),
    Example(
        name="complete",
        summary="Every service has reported, and the receipt is signed",
        path={"erasure_id": BOS_ERASURE},
        answer=_ERASURE
        | {"state": "complete", "services": _REPORTS, "completed_at": _COMPLETED_AT},
    ),
)
_RECEIPT: dict[str, Any] = {
    "receipt": {
        "type": "threadline.erasure-receipt",
        "version": 1,
        "tenant_id": "alpha",
        "erasure_id": BOS_ERASURE,
        "customer_ids": [BO, BO_BY_PHONE],
        "reason": _REASON,
        "actor": _ACTOR,
        "requested_at": _REQUESTED_AT,
        "completed_at": _COMPLETED_AT,
        "denied_identifiers": 2,
        "services": _REPORTS,
    },
    "signature": {
        "algorithm": "Ed25519",
        "key_id": _KEY_ID,
        "value": "kC2mW0dX6m1bq1dYvXo0cJ0kq5p7mO0oY8Vg1mC3Zb0vVY9q2rN4t6s8u0w2"
        "y4A6C8E0G2I4K6M8O0Q2S4U6Ag",
    },
}
READ_RECEIPT = (
    Example(
        name="signed",
        summary="What was erased where, signed",
        path={"erasure_id": BOS_ERASURE},
        answer=_RECEIPT,
    ),
    Example(
        name="later",
        summary="A receipt does not change any more",
        path={"erasure_id": BOS_ERASURE},
        answer=_RECEIPT,
    ),
)
_KEYS: dict[str, Any] = {
    "keys": [
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "kid": _KEY_ID,
            "use": "sig",
        }
    ]
}
RECEIPT_KEYS = (
    Example(name="present", summary="The key that signs", answer=_KEYS),
    Example(name="unchanged", summary="The same key, to be kept beside receipts", answer=_KEYS),
)


def _held(kind: str, value: str, raw: str) -> dict[str, Any]:
    return {
        "type": kind,
        "value": value,
        "scope": None,
        "level": "claimed",
        "raw": raw,
        "source": None,
        "first_seen_at": _CREATED_AT,
        "is_suppressed": False,
    }


_TOLD = {
    "value": "Bo Ek",
    "source": None,
    "observed_at": _CREATED_AT,
    "ingested_at": _CREATED_AT,
    "level": "claimed",
}
_EXPORT: dict[str, Any] = {
    "customer_id": BO,
    "ids": [BO],
    "version": 1,
    "created_at": _CREATED_AT,
    "updated_at": _CREATED_AT,
    "identifiers": [_held("email", "bo@example.org", "bo@example.org")],
    "lost_identifiers": [],
    "claims": [],
    "quarantined": [],
    "links": [],
    "decisions": [],
    "groups": [],
    "attributes": {"name": _TOLD},
    "observations": [_TOLD | {"name": "name", "customer_id": BO, "is_claim": False}],
    "merges": [],
}
EXPORT = (
    Example(
        name="named",
        summary="A customer with a name",
        path={"customer_id": BO},
        answer=_EXPORT,
    ),
    Example(
        name="number",
        summary="A customer of whom only a telephone number is known",
        path={"customer_id": BO_BY_PHONE},
        answer=_EXPORT
        | {
            "customer_id": BO_BY_PHONE,
            "ids": [BO_BY_PHONE],
            "identifiers": [_held("phone", "+46701740606", "+46 70 174 06 06")],
            "attributes": {},
            "observations": [],
        },
    ),
)
_SUPPRESSION: dict[str, Any] = {
    "suppression_id": SUPPRESSION,
    "type": "email",
    "reason": "objects to processing",
    "actor": _ACTOR,
    "created_at": _COMPLETED_AT,
    "lifted_at": None,
    "lift_reason": None,
}
_LIFTED = _SUPPRESSION | {
    "lifted_at": "2026-11-23T13:40:00.000000Z",
    "lift_reason": "the owner agrees",
}
SUPPRESS = (
    Example(
        name="address",
        summary="An address is processed no more, whoever has it",
        body={
            "identifier": {"type": "email", "value": "info@example.org"},
            "reason": "objects to processing",
        },
        answer=_SUPPRESSION,
    ),
    Example(
        name="again",
        summary="Another spelling of the same address: the first suppression stays",
        body={
            "identifier": {"type": "email", "value": "INFO@Example.org"},
            "reason": "a second letter",
        },
        answer=_SUPPRESSION,
    ),
)
LIFT = (
    Example(
        name="lift",
        summary="The address is processed again",
        path={"suppression_id": SUPPRESSION},
        body={"reason": "the owner agrees"},
        answer=_LIFTED,
    ),
    Example(
        name="again",
        summary="It was lifted before: nothing changes",
        path={"suppression_id": SUPPRESSION},
        body={"reason": "the owner agrees"},
        answer=_LIFTED,
    ),
)
SIGN_UP = (
    Example(
        name="back",
        summary="Bo, who was erased, is a customer again",
        body={"identifiers": [{"type": "email", "value": "bo@example.org"}]},
        answer={"lifted": 1, "signed_up_at": "2026-11-23T13:40:00.000000Z"},
    ),
    Example(
        name="new",
        summary="Nobody with this address was erased: nothing changes",
        body={"identifiers": [{"type": "email", "value": "cy@example.org"}]},
        answer={"lifted": 0, "signed_up_at": "2026-11-23T13:40:00.000000Z"},
    ),
)
