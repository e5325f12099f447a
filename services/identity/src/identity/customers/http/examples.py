"""Examples of customers, for the API's document."""

from typing import Any

from common.web import Example

_ANNA = "0199a1c0-6d3e-7b52-9c1f-3a5d0e7b4c21"
_SECOND = "0199a1c4-02b7-7e8a-8f60-91c2d4e6a803"
_CUSTOMER: dict[str, Any] = {
    "customer_id": _ANNA,
    "requested_id": _ANNA,
    "merged_ids": [_SECOND],
    "attributes": {"name": "Anna Lindqvist", "language": "sv", "tier": "gold"},
    "identifiers": [
        {
            "type": "email",
            "value": "anna.lindqvist@nordlys.se",
            "scope": None,
            "level": "verified",
            "raw": "Anna.Lindqvist@Nordlys.se",
            "source": "webshop",
            "first_seen_at": "2026-09-14T08:31:22.417000Z",
        }
    ],
    "version": 3,
    "created_at": "2026-09-14T08:31:22.417000Z",
    "updated_at": "2026-11-20T14:02:10.090000Z",
}

READ_CUSTOMER = (
    Example(
        name="canonical",
        summary="By the canonical id",
        path={"customer_id": _ANNA},
        answer=_CUSTOMER,
    ),
    Example(
        name="absorbed",
        summary="By the id of a customer that was merged into this one",
        path={"customer_id": _SECOND},
        answer=_CUSTOMER | {"requested_id": _SECOND},
    ),
)
