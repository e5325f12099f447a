"""Examples of households and accounts, for the API's document."""

from typing import Any

from common.story import ANNA, ANNA_BY_PHONE, BO, LINDQVISTS, NORDLYS
from common.web import Example

_LANDLINE = {"type": "phone", "value": "08-611 30 00"}
_MAILBOX = {"type": "email", "value": "familjen@lindqvist.se"}
_RECEPTION = {"type": "email", "value": "info@nordlys.se"}
_READ_LANDLINE = {"type": "phone", "value": "+4686113000", "scope": None, "raw": "08-611 30 00"}
_READ_MAILBOX = _MAILBOX | {"scope": None, "raw": "familjen@lindqvist.se"}
_READ_RECEPTION = _RECEPTION | {"scope": None, "raw": "info@nordlys.se"}

_SAVE_HOUSEHOLD: dict[str, Any] = {
    "external_id": {"source": "crm", "id": "H-204"},
    "kind": "household",
    "name": "Lindqvist, Stockholm",
    "attributes": {"newsletter": "paper"},
    "contact_points": [_LANDLINE],
    "default_region": "SE",
}
_SAVE_ACCOUNT: dict[str, Any] = {
    "external_id": {"source": "crm", "id": "A-1007"},
    "kind": "account",
    "name": "Nordlys AB",
    "attributes": {"tier": "gold", "industry": "lighting"},
    "contact_points": [_RECEPTION],
}
_HOUSEHOLD: dict[str, Any] = {
    "group_id": LINDQVISTS,
    "kind": "household",
    "external_id": {"source": "crm", "id": "H-204"},
    "name": "Lindqvist, Stockholm",
    "attributes": {"newsletter": "paper"},
    "contact_points": [_READ_LANDLINE],
    "members": 0,
    "version": 1,
    "created_at": "2026-11-23T13:10:00.000000Z",
    "updated_at": "2026-11-23T13:10:00.000000Z",
}
_ACCOUNT: dict[str, Any] = {
    "group_id": NORDLYS,
    "kind": "account",
    "external_id": {"source": "crm", "id": "A-1007"},
    "name": "Nordlys AB",
    "attributes": {"industry": "lighting", "tier": "gold"},
    "contact_points": [_READ_RECEPTION],
    "members": 0,
    "version": 1,
    "created_at": "2026-11-23T13:10:00.000000Z",
    "updated_at": "2026-11-23T13:10:00.000000Z",
}
_DESCRIBED_AGAIN = _HOUSEHOLD | {
    "contact_points": [_READ_MAILBOX, _READ_LANDLINE],
    "members": 1,
    "version": 3,
    "updated_at": "2026-11-23T13:12:00.000000Z",
}
_PARENT = {
    "role": "parent",
    "valid_from": "2021-06-01T00:00:00.000000Z",
    "valid_until": None,
    "source": "crm",
}
_BUYER = {
    "role": "buyer",
    "valid_from": "2024-01-01T00:00:00.000000Z",
    "valid_until": "2026-07-01T00:00:00.000000Z",
    "source": None,
}
_ANNA_AT_HOME = {"group_id": LINDQVISTS, "customer_id": ANNA, "added_as": ANNA} | _PARENT
_ANNA_AT_WORK = {"group_id": NORDLYS, "customer_id": ANNA, "added_as": ANNA_BY_PHONE} | _BUYER
_HER_HOME = {
    "group_id": LINDQVISTS,
    "kind": "household",
    "external_id": {"source": "crm", "id": "H-204"},
    "name": "Lindqvist, Stockholm",
    "added_as": ANNA,
} | _PARENT

SAVE_GROUP = (
    Example(
        name="household",
        summary="A household that is new",
        body=_SAVE_HOUSEHOLD,
        answer=_HOUSEHOLD,
    ),
    Example(name="account", summary="An account that is new", body=_SAVE_ACCOUNT, answer=_ACCOUNT),
    Example(
        name="again",
        summary="The household has another contact point now; its members stay",
        body=_SAVE_HOUSEHOLD | {"contact_points": [_LANDLINE, _MAILBOX]},
        answer=_DESCRIBED_AGAIN,
    ),
)
LIST_GROUPS = (
    Example(
        name="accounts",
        summary="Only accounts",
        query={"kind": "account"},
        answer={"items": [_ACCOUNT], "next": None},
    ),
    Example(
        name="whole",
        summary="Groups of any kind; there are none yet",
        answer={"items": [], "next": None},
    ),
)
LOOK_UP_GROUPS = (
    Example(
        name="by_landline",
        summary="Who shares this telephone number?",
        body={"identifier": _LANDLINE, "default_region": "SE"},
        answer={"items": [_HOUSEHOLD], "next": None},
    ),
    Example(
        name="by_external_id",
        summary="A group by its id in the system that keeps it",
        body={"identifier": {"type": "external_id", "value": "A-1007", "scope": "crm"}},
        answer={"items": [_ACCOUNT], "next": None},
    ),
)
READ_GROUP = (
    Example(
        name="household",
        summary="A household",
        path={"group_id": LINDQVISTS},
        answer=_DESCRIBED_AGAIN,
    ),
    Example(
        name="account",
        summary="An account",
        path={"group_id": NORDLYS},
        answer=_ACCOUNT | {"members": 1, "version": 2, "updated_at": "2026-11-23T13:11:00.000000Z"},
    ),
)
REMOVE_GROUP = (
    Example(
        name="unchanged_since",
        summary="Only if nobody has changed it",
        path={"group_id": LINDQVISTS},
        headers={"If-Match": '"3d7c1b0a9f8e4d5c6b7a89900a1b2c3d"'},
        status=204,
    ),
    Example(
        name="again",
        summary="Removed already: nothing changes",
        path={"group_id": LINDQVISTS},
        status=204,
    ),
)
SAVE_MEMBER = (
    Example(
        name="parent",
        summary="A member of a household",
        path={"group_id": LINDQVISTS, "customer_id": ANNA},
        body={"role": "parent", "valid_from": "2021-06-01T00:00:00Z", "source": "crm"},
        answer=_ANNA_AT_HOME,
    ),
    Example(
        name="absorbed",
        summary="By the id of a customer that was merged; undoing the merge would restore it",
        path={"group_id": NORDLYS, "customer_id": ANNA_BY_PHONE},
        body={
            "role": "buyer",
            "valid_from": "2024-01-01T00:00:00Z",
            "valid_until": "2026-07-01T00:00:00Z",
        },
        answer=_ANNA_AT_WORK,
    ),
)
REMOVE_MEMBER = (
    Example(
        name="one_role",
        summary="Take one role from a member",
        path={"group_id": LINDQVISTS, "customer_id": ANNA},
        query={"role": "parent"},
        status=204,
    ),
    Example(
        name="no_member",
        summary="The customer is not a member: nothing changes",
        path={"group_id": LINDQVISTS, "customer_id": BO},
        status=204,
    ),
)
LIST_MEMBERS = (
    Example(
        name="household",
        summary="Everybody who is or was in a household",
        path={"group_id": LINDQVISTS},
        answer={"items": [_ANNA_AT_HOME], "next": None},
    ),
    Example(
        name="present",
        summary="Members at one time; the only one has left",
        path={"group_id": NORDLYS},
        query={"at": "2026-11-23T13:00:00Z"},
        answer={"items": [], "next": None},
    ),
)
LIST_CUSTOMER_GROUPS = (
    Example(
        name="present",
        summary="Where a customer belongs at one time, by an id that was absorbed",
        path={"customer_id": ANNA_BY_PHONE},
        query={"at": "2026-11-23T13:00:00Z"},
        answer={"items": [_HER_HOME], "next": None},
    ),
    Example(
        name="nowhere",
        summary="A customer without groups",
        path={"customer_id": BO},
        answer={"items": [], "next": None},
    ),
)
