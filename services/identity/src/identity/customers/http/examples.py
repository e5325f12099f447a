"""Examples of customers, for the API's document."""

from typing import Any

from common.story import ANNA, ANNA_BY_PHONE
from common.web import Example

_CREATED_AT = "2026-11-23T09:29:58.417000Z"
_CUSTOMER: dict[str, Any] = {
    "customer_id": ANNA,
    "requested_id": ANNA,
    "merged_ids": [ANNA_BY_PHONE],
    "attributes": {"name": "Anna Lindqvist", "language": "sv", "tier": "platinum"},
    "claims": [],
    "claimed_by": [],
    "quarantined": [],
    "identifiers": [
        {
            "type": "email",
            "value": "anna.lindqvist@nordlys.se",
            "scope": None,
            "level": "verified",
            "raw": "Anna.Lindqvist@Nordlys.se",
            "source": "webshop",
            "first_seen_at": _CREATED_AT,
        },
        {
            "type": "external_id",
            "value": "C-20417",
            "scope": "webshop",
            "level": "verified",
            "raw": "C-20417",
            "source": "webshop",
            "first_seen_at": "2026-11-23T09:30:40.000000Z",
        },
        {
            "type": "phone",
            "value": "+46701740605",
            "scope": None,
            "level": "channel_proved",
            "raw": "+46 70 174 06 05",
            "source": "telephony",
            "first_seen_at": "2026-11-23T08:10:00.000000Z",
        },
    ],
    "version": 5,
    "created_at": _CREATED_AT,
    "updated_at": "2026-11-23T12:45:00.000000Z",
}

READ_CUSTOMER = (
    Example(
        name="canonical",
        summary="By the canonical id",
        path={"customer_id": ANNA},
        answer=_CUSTOMER,
    ),
    Example(
        name="absorbed",
        summary="By the id of a customer that was merged into this one",
        path={"customer_id": ANNA_BY_PHONE},
        answer=_CUSTOMER | {"requested_id": ANNA_BY_PHONE},
    ),
)
