"""Examples of calendars and policies, for the API's document."""

from typing import Any

from common.story import GOLD_POLICY, OTHER_POLICY, STOCKHOLM
from common.web import Example

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
}
_STOCKHOLM: dict[str, Any] = {
    "name": "Weekdays, Stockholm",
    "time_zone": "Europe/Stockholm",
    "hours": {day: [{"start": "08:00", "end": "17:00"}] for day in _WEEKDAYS},
}
_GOLD: dict[str, Any] = {
    "name": "Messages, gold customers",
    "position": 10,
    "conditions": {
        "all": [
            {"field": "channel", "op": "in", "value": ["chat", "sms"]},
            {"field": "customer_tier", "op": "eq", "value": "gold"},
        ]
    },
    "targets": [
        {"metric": "first_response", "seconds": 3600, "warn_at": ["75%", "PT5M"]},
        {"metric": "next_response", "seconds": 3600},
        {"metric": "resolution", "duration": "PT8H"},
    ],
}
_EVERYBODY: dict[str, Any] = {
    "name": "Everybody",
    "position": 100,
    "targets": [
        {"metric": "first_response", "duration": "PT4H", "calendar_id": "support-berlin"},
        {
            "metric": "first_response",
            "priority": "urgent",
            "duration": "PT1H",
            "calendar_id": "support-berlin",
        },
    ],
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


def _saved(policy: dict[str, Any], policy_id: str, version: int = 1) -> dict[str, Any]:
    """Return the answer that shows a policy, with the defaults of what it leaves out."""
    return {
        "policy_id": policy_id,
        "version": version,
        "created_at": "2026-11-23T08:10:00.000000Z",
        "enabled": True,
        "agent_initiated": "from_first_customer_message",
        **policy,
        "conditions": {"all": [], "any": []} | policy.get("conditions", {}),
        "targets": [_TARGET | target for target in policy["targets"]],
    }


def _saved_calendar(calendar: dict[str, Any], calendar_id: str, version: int = 1) -> dict[str, Any]:
    """Return the answer that shows a calendar, with the defaults of what it leaves out."""
    breaks = [{"weekdays": [], "date": None} | each for each in calendar.get("breaks", ())]
    return {
        "calendar_id": calendar_id,
        "version": version,
        "created_at": "2026-11-23T08:00:00.000000Z",
        "overrides": [],
        "holidays": [],
        "national_holidays": [],
        "resolved_holidays": [],
        "deadline_at_close": "close",
        **calendar,
        "breaks": breaks,
    }


_NEXT_OPEN = BERLIN | {"deadline_at_close": "next_open"}
_ONE_TARGET = _GOLD | {"targets": [{"metric": "first_response", "seconds": 7200}]}
_DISABLED = _ONE_TARGET | {"enabled": False}
_STOCKHOLM_SAVED = _saved_calendar(_STOCKHOLM, STOCKHOLM)
_BERLIN_SAVED = _saved_calendar(BERLIN, "support-berlin", 3)
_GOLD_SAVED = _saved(_GOLD, GOLD_POLICY)
_EVERYBODY_SAVED = _saved(_EVERYBODY, OTHER_POLICY)
_CHANGED_AT = {"created_at": "2026-11-23T13:00:00.000000Z"}
_DISABLED_SAVED = _saved(_DISABLED, GOLD_POLICY, 3) | _CHANGED_AT

LIST_CALENDARS = (
    Example(
        name="whole",
        summary="All calendars, by id",
        answer={"items": [_STOCKHOLM_SAVED], "next": None},
    ),
    Example(name="none", summary="No calendar yet", answer={"items": [], "next": None}),
)
READ_CALENDAR = (
    Example(
        name="generated_id",
        summary="A calendar whose id the service chose",
        path={"calendar_id": STOCKHOLM},
        answer=_STOCKHOLM_SAVED,
    ),
    Example(
        name="own_id",
        summary="A calendar under an id of your own",
        path={"calendar_id": "support-berlin"},
        answer=_BERLIN_SAVED,
    ),
)
PUT_CALENDAR_BY_NAME = (
    Example(
        name="weekdays",
        summary="The same hours on five weekdays: a new calendar",
        body=_STOCKHOLM,
        answer=_STOCKHOLM_SAVED,
    ),
    Example(
        name="with_exceptions",
        summary="Two weekdays, with exceptions: the next version of the calendar with this name",
        body=BERLIN,
        answer=_BERLIN_SAVED,
    ),
)
PUT_CALENDAR = (
    Example(
        name="new",
        summary="A calendar under an id of your own",
        path={"calendar_id": "support-berlin"},
        body=BERLIN,
        answer=_saved_calendar(BERLIN, "support-berlin"),
    ),
    Example(
        name="unchanged_since",
        summary="Its next version, if nobody changed it",
        path={"calendar_id": "support-berlin"},
        headers={"If-Match": '"0c1d2e3f4a5b6c7d"'},
        body=_NEXT_OPEN,
        answer=_saved_calendar(_NEXT_OPEN, "support-berlin", 2),
    ),
)
CREATE_POLICY = (
    Example(
        name="gold",
        summary="An hour for gold customers in chats",
        status=201,
        body=_GOLD,
        answer=_GOLD_SAVED,
    ),
    Example(
        name="everybody",
        summary="Four business hours for everybody else, one for what is urgent",
        status=201,
        body=_EVERYBODY,
        answer=_EVERYBODY_SAVED,
    ),
)
READ_POLICY = (
    Example(
        name="first_version",
        summary="A policy as it was created",
        path={"policy_id": GOLD_POLICY},
        answer=_GOLD_SAVED,
    ),
    Example(
        name="disabled",
        summary="A later version, which covers no further conversations",
        path={"policy_id": GOLD_POLICY},
        answer=_DISABLED_SAVED,
    ),
)
LIST_POLICIES = (
    Example(
        name="whole",
        summary="All policies, in the order in which they are tried",
        answer={"items": [_GOLD_SAVED, _EVERYBODY_SAVED], "next": None},
    ),
    Example(name="none", summary="No policy yet", answer={"items": [], "next": None}),
)
PUT_POLICY = (
    Example(
        name="replace",
        summary="The same policy with one target",
        path={"policy_id": GOLD_POLICY},
        body=_ONE_TARGET,
        answer=_saved(_ONE_TARGET, GOLD_POLICY, 2) | _CHANGED_AT,
    ),
    Example(
        name="unchanged_since",
        summary="Disable it, if nobody changed it",
        path={"policy_id": GOLD_POLICY},
        headers={"If-Match": '"1d2e3f4a5b6c7d8e"'},
        body=_DISABLED,
        answer=_DISABLED_SAVED,
    ),
)
