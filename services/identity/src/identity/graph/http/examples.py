"""Examples of a customer's graph, for the API's document."""

from typing import Any

from common.story import ANNA, ANNA_BY_PHONE
from common.web import Example

_CREATED_AT = "2026-11-23T09:29:58.417000Z"
_EMAIL = {
    "type": "email",
    "value": "anna.lindqvist@nordlys.se",
    "scope": None,
    "level": "verified",
    "raw": "Anna.Lindqvist@Nordlys.se",
    "source": "webshop",
    "first_seen_at": _CREATED_AT,
}
_NUMBER = {
    "type": "external_id",
    "value": "C-20417",
    "scope": "webshop",
    "level": "verified",
    "raw": "C-20417",
    "source": "webshop",
    "first_seen_at": "2026-11-23T09:30:40.000000Z",
}
_PHONE = {
    "type": "phone",
    "value": "+46701740605",
    "scope": None,
    "level": "channel_proved",
    "raw": "+46 70 174 06 05",
    "source": "telephony",
    "first_seen_at": "2026-11-23T08:10:00.000000Z",
}
_TOGETHER = {
    "ends": [0, 2],
    "rule": "together",
    "level": "channel_proved",
    "first_seen_at": "2026-11-23T12:45:00.000000Z",
    "last_seen_at": "2026-11-23T12:45:00.000000Z",
    "source": "telephony",
}
_WITH_NUMBER = {
    "ends": [0, 1],
    "rule": "together",
    "level": "channel_proved",
    "first_seen_at": "2026-11-23T09:30:40.000000Z",
    "last_seen_at": "2026-11-23T09:30:40.000000Z",
    "source": "webshop",
}
_IDENTIFIERS = [_EMAIL, _NUMBER, _PHONE]
_GRAPH: dict[str, Any] = {
    "customer_id": ANNA,
    "requested_id": ANNA,
    "identifiers": _IDENTIFIERS,
    "links": [_WITH_NUMBER, _TOGETHER],
}

READ_GRAPH = (
    Example(
        name="canonical",
        summary="What connects a customer's identifiers",
        path={"customer_id": ANNA},
        answer=_GRAPH,
    ),
    Example(
        name="absorbed",
        summary="By the id of a customer that was merged into this one",
        path={"customer_id": ANNA_BY_PHONE},
        answer=_GRAPH | {"requested_id": ANNA_BY_PHONE},
    ),
)
EXPLAIN = (
    Example(
        name="proved",
        summary="One request proved the address and the number",
        path={"customer_id": ANNA},
        body={
            "identifier": {"type": "phone", "value": "+46 70 174 06 05"},
            "other": {"type": "email", "value": "anna.lindqvist@nordlys.se"},
        },
        answer={
            "customer_id": ANNA,
            "identifiers": _IDENTIFIERS,
            "path": [_TOGETHER],
            "cut": [_TOGETHER],
        },
    ),
    Example(
        name="by_way_of_another",
        summary="The number and the telephone are connected by the address",
        path={"customer_id": ANNA},
        body={
            "identifier": {"type": "external_id", "value": "C-20417", "scope": "webshop"},
            "other": {"type": "phone", "value": "+46 70 174 06 05"},
        },
        answer={
            "customer_id": ANNA,
            "identifiers": _IDENTIFIERS,
            "path": [_WITH_NUMBER, _TOGETHER],
            "cut": [_WITH_NUMBER],
        },
    ),
)
