"""Examples of customers, for the API's document."""

from typing import Any

from common.story import ANNA, ANNA_BY_PHONE
from common.web import Example

_CREATED_AT = "2026-11-23T09:29:58.417000Z"
_LISTED: dict[str, Any] = {
    "customer_id": ANNA,
    "merged_ids": [ANNA_BY_PHONE],
    "attributes": {"name": "Anna Lindqvist", "language": "sv", "tier": "platinum"},
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
_CUSTOMER = _LISTED | {
    "requested_id": ANNA,
    "claims": [],
    "claimed_by": [],
    "quarantined": [],
    "retired_at": None,
}
_CHANGED_AT = "2026-11-23T09:45:00.000000Z"


def _origin(value: str, at: str) -> dict[str, Any]:
    return {
        "value": value,
        "source": "webshop",
        "level": "verified",
        "priority": 0,
        "observed_at": at,
        "ingested_at": at,
    }


def _attribute(name: str, value: str, at: str = _CREATED_AT) -> dict[str, Any]:
    return {"name": name, **_origin(value, at)}


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
LIST_CUSTOMERS = (
    Example(
        name="of_tier",
        summary="The customers of a tier, the newest first",
        query={"tier": "platinum", "limit": 50},
        answer={"items": [_LISTED], "next": None},
    ),
    Example(
        name="nobody",
        summary="The customers of a time; there are none",
        query={"created_before": "2026-11-23T08:00:00Z"},
        answer={"items": [], "next": None},
    ),
)
SEARCH_CUSTOMERS = (
    Example(
        name="by_name",
        summary="A misspelt name finds similar ones",
        body={"name": "Lindkvist, Ana"},
        answer={"items": [_LISTED], "next": None},
    ),
    Example(
        name="by_prefix",
        summary="The beginning of a name, in any case",
        body={"name_prefix": "ANNA LIND", "limit": 10},
        answer={"items": [_LISTED], "next": None},
    ),
    Example(
        name="by_identifier",
        summary="A telephone number as somebody wrote it down",
        body={
            "identifier": {"type": "phone", "value": "070-174 06 05", "default_region": "SE"},
        },
        answer={"items": [_LISTED], "next": None},
    ),
)
READ_ATTRIBUTES = (
    Example(
        name="now",
        summary="Where the values come from that count now",
        path={"customer_id": ANNA},
        answer={
            "customer_id": ANNA,
            "requested_id": ANNA,
            "at": None,
            "attributes": [
                _attribute("language", "sv"),
                _attribute("name", "Anna Lindqvist"),
                _attribute("tier", "platinum", _CHANGED_AT),
            ],
        },
    ),
    Example(
        name="at_a_time",
        summary="What counted before her tier changed",
        path={"customer_id": ANNA},
        query={"at": "2026-11-23T09:40:00Z"},
        answer={
            "customer_id": ANNA,
            "requested_id": ANNA,
            "at": "2026-11-23T09:40:00.000000Z",
            "attributes": [
                _attribute("language", "sv"),
                _attribute("name", "Anna Lindqvist"),
                _attribute("tier", "gold"),
            ],
        },
    ),
)
READ_ATTRIBUTE_HISTORY = (
    Example(
        name="tier",
        summary="All values of an attribute, also those that no longer count",
        path={"customer_id": ANNA, "attribute_name": "tier"},
        answer={
            "customer_id": ANNA,
            "items": [
                {"state": "current", **_origin("platinum", _CHANGED_AT)},
                {"state": "overridden", **_origin("gold", _CREATED_AT)},
            ],
            "next": None,
        },
    ),
    Example(
        name="nothing",
        summary="Nobody reported this attribute",
        path={"customer_id": ANNA, "attribute_name": "birth_date"},
        answer={"customer_id": ANNA, "items": [], "next": None},
    ),
)
