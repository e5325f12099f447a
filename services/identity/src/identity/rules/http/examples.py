"""Examples of rules and their runs, for the API's document."""

from typing import Any

from common.story import (
    LODGER,
    RULES_APPLICATION,
    RULES_APPLICATION_BACK,
    RULES_SIMULATION,
    RULES_SIMULATION_BACK,
)
from common.web import Example

_SETTINGS: dict[str, Any] = {
    "version": 0,
    "in_force": True,
    "in_force_since": None,
    "max_identifiers": 200,
    "max_neighbours": 10,
    "claim_days": 90,
    "types": {},
    "blocked": [],
    "note": None,
    "created_at": None,
    "created_by": None,
}
_UNCHANGED_TYPE: dict[str, Any] = {
    "exclusive": None,
    "replaceable": None,
    "max_values": None,
    "values_window_days": None,
    "max_neighbours": None,
    "neighbours_window_days": None,
    "priority": None,
    "default_level": None,
}
_STRICTER: dict[str, Any] = {
    "max_identifiers": 50,
    "types": {"email": {"max_values": 1}, "member_card": {"priority": 200}},
    "blocked": [
        {"type": "phone", "match": "exact", "value": "+46701740605"},
        {"type": None, "match": "pattern", "value": "test[0-9]+@.*"},
    ],
    "note": "One address each, after the audit",
}
_FIRST: dict[str, Any] = {
    "version": 1,
    "in_force": False,
    "in_force_since": None,
    "max_identifiers": 50,
    "max_neighbours": 10,
    "claim_days": 90,
    "types": {
        "email": _UNCHANGED_TYPE | {"max_values": 1},
        "member_card": _UNCHANGED_TYPE | {"priority": 200},
    },
    "blocked": _STRICTER["blocked"],
    "note": _STRICTER["note"],
    "created_at": "2026-11-23T13:55:00.000000Z",
    "created_by": "key:demo",
}
_FIRST_IN_FORCE = _FIRST | {"in_force": True, "in_force_since": "2026-11-23T13:57:00.000000Z"}
_NOTHING = {
    "out_of_bounds": 0,
    "merged": 0,
    "split": 0,
    "moved": 0,
    "quarantined": 0,
    "dropped": 0,
    "recovered": 0,
}
_SIMULATION: dict[str, Any] = {
    "id": RULES_SIMULATION,
    "kind": "simulation",
    "version": 1,
    "base_version": 0,
    "state": "running",
    "phase": "bounds",
    "customers": None,
    "visited": 0,
    "counts": _NOTHING,
    "problem": None,
    "started_by": "key:demo",
    "started_at": "2026-11-23T13:56:00.000000Z",
    "advanced_at": "2026-11-23T13:56:00.000000Z",
    "finished_at": None,
}
_SIMULATED = _SIMULATION | {
    "state": "done",
    "phase": "quarantine",
    "customers": 18,
    "visited": 18,
    "counts": _NOTHING | {"quarantined": 1},
    "advanced_at": "2026-11-23T13:57:00.000000Z",
    "finished_at": "2026-11-23T13:57:00.000000Z",
}
_APPLICATION: dict[str, Any] = _SIMULATION | {
    "id": RULES_APPLICATION,
    "kind": "application",
    "started_at": "2026-11-23T13:57:00.000000Z",
    "advanced_at": "2026-11-23T13:57:00.000000Z",
}
_SIMULATION_BACK: dict[str, Any] = _SIMULATION | {
    "id": RULES_SIMULATION_BACK,
    "version": 0,
    "base_version": 1,
    "started_at": "2026-11-23T13:58:00.000000Z",
    "advanced_at": "2026-11-23T13:58:00.000000Z",
}
_APPLICATION_BACK: dict[str, Any] = _SIMULATION_BACK | {
    "id": RULES_APPLICATION_BACK,
    "kind": "application",
    "started_at": "2026-11-23T13:59:00.000000Z",
    "advanced_at": "2026-11-23T13:59:00.000000Z",
}
_LODGERS: dict[str, Any] = {
    "customer_id": LODGER,
    "phase": "bounds",
    "exceeds": [],
    "merged_into": None,
    "split_into": 0,
    "moved": 0,
    "quarantined": 1,
    "dropped": 0,
    "recovered": 0,
}

READ_RULES = (
    Example(name="settings", summary="No rules of the tenant's own yet", answer=_SETTINGS),
    Example(name="in_force", summary="A version that was applied", answer=_FIRST_IN_FORCE),
)
SAVE_RULES = (
    Example(
        name="first",
        summary="Fewer identifiers, one e-mail address each, and two values that are nobody's",
        body=_STRICTER,
        status=201,
        answer=_FIRST,
    ),
    Example(name="again", summary="The same again makes no version", body=_STRICTER, answer=_FIRST),
)
LIST_RULES = (
    Example(name="none", summary="No version yet", answer={"items": [], "next": None}),
    Example(name="whole", summary="All versions", answer={"items": [_FIRST], "next": None}),
)
READ_VERSION = (
    Example(name="draft", summary="A saved version", path={"version": 1}, answer=_FIRST),
    Example(
        name="settings",
        summary="What the service's settings say",
        path={"version": 0},
        answer=_SETTINGS,
    ),
)
SIMULATE_RULES = (
    Example(
        name="first",
        summary="Compare a version with what is stored",
        body={"version": 1},
        status=202,
        answer=_SIMULATION,
    ),
    Example(
        name="settings",
        summary="What going back to the service's settings would do",
        body={"version": 0},
        status=202,
        answer=_SIMULATION_BACK,
    ),
)
APPLY_RULES = (
    Example(
        name="first",
        summary="Apply a version, unless another one came into force since it was simulated",
        body={"version": 1, "expected_version": 0},
        status=202,
        answer=_APPLICATION,
    ),
    Example(
        name="back",
        summary="Go back to the service's settings",
        body={"version": 0},
        status=202,
        answer=_APPLICATION_BACK,
    ),
)
LIST_RUNS = (
    Example(
        name="whole", summary="All runs", answer={"items": [_APPLICATION, _SIMULATED], "next": None}
    ),
    Example(name="none", summary="No run yet", answer={"items": [], "next": None}),
)
READ_RUN = (
    Example(
        name="running",
        summary="No worker has begun yet",
        path={"run_id": RULES_SIMULATION},
        answer=_SIMULATION,
    ),
    Example(
        name="done",
        summary="A finished simulation",
        path={"run_id": RULES_SIMULATION},
        answer=_SIMULATED,
    ),
)
LIST_EFFECTS = (
    Example(
        name="blocked",
        summary="A customer who would lose a number that is nobody's any more",
        path={"run_id": RULES_SIMULATION},
        answer={"items": [_LODGERS], "next": None},
    ),
    Example(
        name="none",
        summary="Nothing found yet",
        path={"run_id": RULES_APPLICATION},
        answer={"items": [], "next": None},
    ),
)
