"""Examples of resolving identifiers, for the API's document."""

from typing import Any

from common.web import Example

ANNA = "0199a1c0-6d3e-7b52-9c1f-3a5d0e7b4c21"
_BO = "0199a1c6-55c1-7d20-8b3e-0c6f1a2b3d47"
_EMAIL = {"type": "email", "value": "Anna.Lindqvist@Nordlys.se", "level": "verified"}
_NUMBER = {"type": "external_id", "value": "C-20417", "scope": "webshop"}
_FOUND: dict[str, Any] = {
    "customer_id": _BO,
    "created": False,
    "linked": [],
    "merged": [],
    "dropped": [],
    "version": 1,
}

RESOLVE = (
    Example(
        name="new_customer",
        summary="Nobody has these identifiers: a new customer",
        body={
            "identifiers": [_EMAIL, _NUMBER],
            "attributes": {"name": "Anna Lindqvist", "language": "sv", "tier": "gold"},
            "source": "webshop",
        },
        answer={
            "customer_id": ANNA,
            "created": True,
            "linked": [
                {
                    "type": "email",
                    "value": "anna.lindqvist@nordlys.se",
                    "scope": None,
                    "level": "verified",
                    "raw": "Anna.Lindqvist@Nordlys.se",
                },
                {
                    "type": "external_id",
                    "value": "C-20417",
                    "scope": "webshop",
                    "level": "claimed",
                    "raw": "C-20417",
                },
            ],
            "merged": [],
            "dropped": [],
            "version": 1,
        },
    ),
    Example(
        name="look_up",
        summary="Only a look-up; one of the identifiers is no telephone number",
        body={
            "identifiers": [
                {"type": "email", "value": "anna.lindqvist@nordlys.se"},
                {"type": "phone", "value": "no number"},
            ],
            "create": False,
        },
        answer={
            "customer_id": ANNA,
            "created": False,
            "linked": [],
            "merged": [],
            "dropped": [
                {
                    "identifier": {
                        "type": "phone",
                        "value": "no number",
                        "scope": None,
                        "level": "claimed",
                    },
                    "reason": "unparseable",
                }
            ],
            "version": 1,
        },
    ),
)
RESOLVE_BATCH = (
    Example(
        name="two_customers",
        summary="Two look-ups in one request",
        body={
            "items": [
                {"identifiers": [_NUMBER], "create": False},
                {"identifiers": [{"type": "email", "value": "bo@example.org"}], "create": False},
            ]
        },
        answer={"items": [_FOUND | {"customer_id": ANNA}, _FOUND]},
    ),
    Example(
        name="nobody",
        summary="A look-up that finds nobody",
        body={
            "items": [
                {"identifiers": [{"type": "email", "value": "no@example.org"}], "create": False}
            ]
        },
        answer={"items": [_FOUND | {"customer_id": None, "version": None}]},
    ),
)
