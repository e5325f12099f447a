"""Examples of calendars and policies, for the API's document."""

from typing import Any

from common.web import Example

_POLICY = "0199f201-0a0b-7c0d-8e0f-101112131415"
_OTHER_POLICY = "0199f201-0a0b-7c0d-8e0f-101112131416"
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
BERLIN: dict[str, Any] = {
    "name": "Support, Berlin",
    "time_zone": "Europe/Berlin",
    "hours": {
        "monday": [{"start": "09:00", "end": "12:00"}, {"start": "13:00", "end": "18:00"}],
        "friday": [{"start": "09:00", "end": "15:00"}],
    },
    "overrides": [{"date": "2026-12-24", "hours": [{"start": "09:00", "end": "12:00"}]}],
    "breaks": [{"weekdays": ["friday"], "start": "12:00", "end": "12:30"}],
    "holidays": [{"date": "2026-12-31", "name": "Inventory"}],
    "national_holidays": [{"country": "DE", "subdivision": "BE"}],
}
_STOCKHOLM: dict[str, Any] = {
    "name": "Weekdays, Stockholm",
    "time_zone": "Europe/Stockholm",
    "hours": {day: [{"start": "08:00", "end": "17:00"}] for day in _WEEKDAYS},
}
_GOLD: dict[str, Any] = {
    "name": "Chat, gold customers",
    "position": 10,
    "conditions": {
        "all": [
            {"field": "channel", "op": "in", "value": ["chat", "sms"]},
            {"field": "customer_tier", "op": "eq", "value": "gold"},
        ]
    },
    "targets": [
        {"metric": "first_response", "seconds": 3600, "warn_at": ["50%", "75%", "PT10M"]},
        {"metric": "resolution", "priority": "urgent", "duration": "PT8H"},
    ],
}
_EVERYBODY: dict[str, Any] = {
    "name": "Everybody",
    "position": 100,
    "targets": [{"metric": "first_response", "duration": "PT4H", "calendar_id": "support-berlin"}],
}

_TARGET: dict[str, Any] = {
    "metric": "first_response",
    "priority": None,
    "seconds": None,
    "duration": None,
    "calendar_id": None,
    "warn_at": [],
    "pause_on": None,
    "human_only": True,
    "private_notes": False,
    "reopen": "continue",
}


def _saved(policy: dict[str, Any], version: int = 1) -> dict[str, Any]:
    """Return the answer that shows a policy, with the defaults of what it leaves out."""
    return {
        "policy_id": _POLICY,
        "version": version,
        "created_at": "2026-11-23T08:00:00.000000Z",
        "enabled": True,
        "agent_initiated": "from_first_customer_message",
        **policy,
        "conditions": {"all": [], "any": []} | policy.get("conditions", {}),
        "targets": [_TARGET | target for target in policy["targets"]],
    }


def _saved_calendar(calendar: dict[str, Any], calendar_id: str) -> dict[str, Any]:
    """Return the answer that shows a calendar, with the defaults of what it leaves out."""
    return {
        "calendar_id": calendar_id,
        "version": 1,
        "created_at": "2026-11-23T08:00:00.000000Z",
        "overrides": [],
        "breaks": [],
        "holidays": [],
        "national_holidays": [],
        "resolved_holidays": [],
        "deadline_at_close": "close",
        **calendar,
    }


_WEEKDAYS_SAVED = _saved_calendar(_STOCKHOLM, "0199f201-0a0b-7c0d-8e0f-101112131417")

LIST_CALENDARS = (
    Example(
        name="whole",
        summary="All calendars, by id",
        answer={"items": [_WEEKDAYS_SAVED], "next": None},
    ),
    Example(name="none", summary="No calendar yet", answer={"items": [], "next": None}),
)
READ_CALENDAR = (
    Example(
        name="generated_id",
        summary="A calendar whose id the service chose",
        path={"calendar_id": _WEEKDAYS_SAVED["calendar_id"]},
        answer=_WEEKDAYS_SAVED,
    ),
    Example(
        name="own_id",
        summary="A calendar under an id of your own",
        path={"calendar_id": "weekdays"},
        answer=_saved_calendar(_STOCKHOLM | {"name": "Weekdays"}, "weekdays"),
    ),
)
PUT_CALENDAR_BY_NAME = (
    Example(name="with_exceptions", summary="Two weekdays, with exceptions", body=BERLIN),
    Example(name="weekdays", summary="The same hours on five weekdays", body=_STOCKHOLM),
)
PUT_CALENDAR = (
    Example(
        name="new",
        summary="A calendar under an id of your own",
        path={"calendar_id": "support-berlin"},
        body=BERLIN,
    ),
    Example(
        name="unchanged_since",
        summary="Its next version, if nobody changed it",
        path={"calendar_id": "support-berlin"},
        headers={"If-Match": '"0c1d2e3f4a5b6c7d"'},
        body=BERLIN | {"deadline_at_close": "next_open"},
    ),
)
CREATE_POLICY = (
    Example(
        name="gold",
        summary="An hour for gold customers in chats",
        status=201,
        body=_GOLD,
        answer=_saved(_GOLD),
    ),
    Example(
        name="everybody",
        summary="Four business hours for everybody else",
        status=201,
        body=_EVERYBODY,
        answer=_saved(_EVERYBODY) | {"policy_id": _OTHER_POLICY},
    ),
)
READ_POLICY = (
    Example(
        name="first_version",
        summary="A policy as it was created",
        path={"policy_id": _POLICY},
        answer=_saved(_GOLD),
    ),
    Example(
        name="disabled",
        summary="Its next version, which covers no further conversations",
        path={"policy_id": _POLICY},
        answer=_saved(_GOLD | {"enabled": False}, version=2),
    ),
)
LIST_POLICIES = (
    Example(
        name="whole",
        summary="All policies, in the order in which they are tried",
        answer={
            "items": [_saved(_GOLD), _saved(_EVERYBODY) | {"policy_id": _OTHER_POLICY}],
            "next": None,
        },
    ),
    Example(name="none", summary="No policy yet", answer={"items": [], "next": None}),
)
PUT_POLICY = (
    Example(
        name="replace",
        summary="The same policy with one target",
        path={"policy_id": _POLICY},
        body=_GOLD | {"targets": [{"metric": "first_response", "seconds": 7200}]},
    ),
    Example(
        name="unchanged_since",
        summary="Disable it, if nobody changed it",
        path={"policy_id": _POLICY},
        headers={"If-Match": '"1d2e3f4a5b6c7d8e"'},
        body=_GOLD | {"enabled": False},
        answer=_saved(_GOLD | {"enabled": False}, version=2),
    ),
)
