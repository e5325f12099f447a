"""Examples of resolving identifiers, for the API's document."""

from typing import Any

from common.story import (
    ANNA,
    ANNA_BY_PHONE,
    BO,
    BO_BY_PHONE,
    CLEO,
    CLEO_IN_SHOP,
    KIOSK_USERS,
    NEIGHBOUR,
)
from common.web import Example

_EMAIL = {"type": "email", "value": "Anna.Lindqvist@Nordlys.se", "level": "verified"}
_PHONE = {"type": "phone", "value": "+46 70 174 06 05", "level": "channel_proved"}
_NUMBER = {
    "type": "external_id",
    "value": "C-20417",
    "scope": "webshop",
    "level": "channel_proved",
}
_NEIGHBOURS_NUMBER = _NUMBER | {"value": "C-31006", "level": "verified"}
_BOS_PHONE = {"type": "phone", "value": "+46 70 174 06 06"}
_FOUND: dict[str, Any] = {
    "customer_id": ANNA,
    "reason": None,
    "created": False,
    "linked": [],
    "claimed": [],
    "moved": [],
    "merged": [],
    "split": [],
    "dropped": [],
    "quarantined": [],
    "conflicts": [],
    "version": 1,
}


def _linked(kind: str, value: str, raw: str, level: str, scope: str | None = None) -> Any:
    return {"type": kind, "value": value, "scope": scope, "level": level, "raw": raw}


_LINKED_PHONE = _linked("phone", "+46701740605", "+46 70 174 06 05", "channel_proved")

RESOLVE = (
    Example(
        name="new_customer",
        summary="Nobody has this identifier: a new customer",
        body={
            "identifiers": [_EMAIL],
            "attributes": {"name": "Anna Lindqvist", "language": "sv", "tier": "gold"},
            "source": "webshop",
        },
        answer=_FOUND
        | {
            "created": True,
            "linked": [
                _linked(
                    "email",
                    "anna.lindqvist@nordlys.se",
                    "Anna.Lindqvist@Nordlys.se",
                    "verified",
                )
            ],
        },
    ),
    Example(
        name="look_up",
        summary="Only a look-up; a name stands in place of one of the numbers",
        body={
            "identifiers": [
                {"type": "email", "value": "anna.lindqvist@nordlys.se"},
                {"type": "phone", "value": "SUPPORT"},
            ],
            "create": False,
        },
        answer=_FOUND
        | {
            "dropped": [
                {
                    "identifier": {
                        "type": "phone",
                        "value": "SUPPORT",
                        "scope": None,
                        "level": "claimed",
                    },
                    "reason": "sender_name",
                }
            ]
        },
    ),
    Example(
        name="another_identifier",
        summary="The customer gets another identifier",
        body={"identifiers": [_EMAIL, _NUMBER], "source": "webshop"},
        answer=_FOUND
        | {
            "linked": [_linked("external_id", "C-20417", "C-20417", "channel_proved", "webshop")],
            "version": 2,
        },
    ),
    Example(
        name="attribute",
        summary="An attribute of the customer changes",
        body={"identifiers": [_EMAIL], "attributes": {"tier": "platinum"}, "source": "webshop"},
        answer=_FOUND | {"version": 3},
    ),
    Example(
        name="proved",
        summary="Both identifiers are proved to be of one person: their customers are merged",
        body={"identifiers": [_EMAIL, _PHONE], "source": "telephony"},
        answer=_FOUND | {"merged": [ANNA_BY_PHONE], "version": 5},
    ),
    Example(
        name="claim",
        summary="She types a number that is another customer's: it is only a claim",
        body={"identifiers": [_EMAIL, _BOS_PHONE], "source": "webshop"},
        answer=_FOUND
        | {
            "claimed": [_linked("phone", "+46701740606", "+46 70 174 06 06", "claimed")],
            "dropped": [
                {
                    "identifier": _BOS_PHONE | {"scope": None, "level": "claimed"},
                    "reason": "claimed_elsewhere",
                }
            ],
            "version": 6,
        },
    ),
    Example(
        name="another_person",
        summary="Somebody else verifies a number: it is no longer hers",
        body={
            "identifiers": [_PHONE | {"level": "verified"}, _NEIGHBOURS_NUMBER],
            "source": "webshop",
        },
        answer=_FOUND
        | {
            "customer_id": NEIGHBOUR,
            "created": True,
            "linked": [
                _linked("external_id", "C-31006", "C-31006", "verified", "webshop"),
                _LINKED_PHONE | {"level": "verified"},
            ],
            "moved": [
                {
                    "identifier": _LINKED_PHONE,
                    "from_customer_id": ANNA,
                    "to_customer_id": NEIGHBOUR,
                }
            ],
            "split": [NEIGHBOUR],
        },
    ),
)
_KIOSK = {"type": "email", "value": "kiosk@library.example", "level": "channel_proved"}


_MOST = 10
"""The readers with whom an address is proved before it counts as shared by many."""


def _reader(place: int) -> Any:
    value = f"L-{100 + place}"
    return {"type": "loyalty_id", "value": value, "scope": "library", "level": "channel_proved"}


def _read(place: int, customer_id: str) -> Any:
    number = _reader(place)
    own = _linked("loyalty_id", number["value"], number["value"], "channel_proved", "library")
    read = _FOUND | {"customer_id": customer_id, "created": True, "linked": [own]}
    if place == 0:
        kiosk = _linked("email", _KIOSK["value"], _KIOSK["value"], "channel_proved")
        return read | {"linked": [kiosk, own]}
    reason = "conflicting_strong_identifiers" if place < _MOST else "quarantined"
    quarantined = [{name: _KIOSK[name] for name in ("type", "value")} | {"scope": None}]
    return read | {
        "dropped": [{"identifier": _KIOSK | {"scope": None}, "reason": reason}],
        "quarantined": quarantined if place == _MOST else [],
    }


RESOLVE_BATCH = (
    Example(
        name="three_customers",
        summary="Three customers of another system",
        body={
            "items": [
                {"identifiers": [_PHONE], "source": "telephony"},
                {
                    "identifiers": [{"type": "email", "value": "bo@example.org"}],
                    "attributes": {"name": "Bo Ek"},
                },
                {"identifiers": [{"type": "phone", "value": "+46 70 174 06 06"}]},
            ]
        },
        answer={
            "items": [
                _FOUND | {"customer_id": ANNA_BY_PHONE, "created": True, "linked": [_LINKED_PHONE]},
                _FOUND
                | {
                    "customer_id": BO,
                    "created": True,
                    "linked": [_linked("email", "bo@example.org", "bo@example.org", "claimed")],
                },
                _FOUND
                | {
                    "customer_id": BO_BY_PHONE,
                    "created": True,
                    "linked": [_linked("phone", "+46701740606", "+46 70 174 06 06", "claimed")],
                },
            ]
        },
    ),
    Example(
        name="look_alikes",
        summary="Two customers who may be one person",
        body={
            "items": [
                {
                    "identifiers": [{"type": "email", "value": "cleo@example.org"}],
                    "attributes": {"name": "Cleo Falk", "city": "Lund"},
                },
                {
                    "identifiers": [{"type": "phone", "value": "+46 70 174 06 07"}],
                    "attributes": {"name": "Cleo Falck", "city": "Lund"},
                },
            ]
        },
        answer={
            "items": [
                _FOUND
                | {
                    "customer_id": CLEO,
                    "created": True,
                    "linked": [_linked("email", "cleo@example.org", "cleo@example.org", "claimed")],
                },
                _FOUND
                | {
                    "customer_id": CLEO_IN_SHOP,
                    "created": True,
                    "linked": [_linked("phone", "+46701740607", "+46 70 174 06 07", "claimed")],
                },
            ]
        },
    ),
    Example(
        name="nobody",
        summary="A look-up that finds nobody",
        body={
            "items": [
                {"identifiers": [{"type": "email", "value": "no@example.org"}], "create": False}
            ]
        },
        answer={"items": [_FOUND | {"customer_id": None, "reason": "no_match", "version": None}]},
    ),
    Example(
        name="shared_by_many",
        summary="An address that many use is put into quarantine: it is nobody's",
        body={
            "items": [
                {"identifiers": [_KIOSK, _reader(place)]} for place in range(len(KIOSK_USERS))
            ]
        },
        answer={"items": [_read(place, user) for place, user in enumerate(KIOSK_USERS)]},
    ),
)
