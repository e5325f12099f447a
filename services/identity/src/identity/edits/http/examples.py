"""Examples of edits, for the API's document."""

from typing import Any

from common.story import BO, BO_BY_PHONE
from common.web import Example

_CREATED_AT = "2026-11-23T08:10:00.000000Z"


def _identifier(kind: str, value: str, raw: str) -> dict[str, Any]:
    return {
        "type": kind,
        "value": value,
        "scope": None,
        "level": "claimed",
        "raw": raw,
        "source": None,
        "first_seen_at": _CREATED_AT,
    }


_BO: dict[str, Any] = {
    "customer_id": BO,
    "requested_id": BO,
    "merged_ids": [BO_BY_PHONE],
    "attributes": {"language": "sv", "name": "Bo Ek"},
    "identifiers": [
        _identifier("email", "bo@example.org", "bo@example.org"),
        _identifier("phone", "+46701740606", "+46 70 174 06 06"),
    ],
    "claims": [],
    "claimed_by": [],
    "quarantined": [],
    "retired_at": None,
    "version": 3,
    "created_at": _CREATED_AT,
    "updated_at": "2026-11-23T12:52:00.000000Z",
}

PATCH_CUSTOMER = (
    Example(
        name="set",
        summary="An agent sets an attribute",
        path={"customer_id": BO},
        body={"attributes": {"language": "sv"}},
        answer=_BO,
    ),
    Example(
        name="clear",
        summary="Null clears an attribute, if nobody else has changed the customer",
        path={"customer_id": BO_BY_PHONE},
        headers={"If-Match": '"7d1f0c5e9a3b48c2a6e41d0b9f8e7c63"'},
        body={"attributes": {"language": None}},
        answer=_BO
        | {
            "requested_id": BO_BY_PHONE,
            "attributes": {"name": "Bo Ek"},
            "version": 4,
            "updated_at": "2026-11-23T12:53:00.000000Z",
        },
    ),
)
