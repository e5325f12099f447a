"""Examples of candidates, for the API's document."""

from typing import Any

from common.story import CANDIDATE, CLEO, CLEO_IN_SHOP
from common.web import Example

_OPEN: dict[str, Any] = {
    "candidate_id": CANDIDATE,
    "customer_ids": [CLEO, CLEO_IN_SHOP],
    "profile_ids": [CLEO, CLEO_IN_SHOP],
    "state": "open",
    "probability": 0.9397,
    "evidence": [
        {"field": "given_name", "level": "same", "weight": 5.0499, "values": ["cleo", "cleo"]},
        {"field": "surname", "level": "close", "weight": 3.6889, "values": ["falk", "falck"]},
        {"field": "city", "level": "same", "weight": 3.6889, "values": ["lund", "lund"]},
    ],
    "refusal": None,
    "model_version": 0,
    "found_at": "2026-11-23T13:51:00.000000Z",
    "decided_at": None,
    "decided_by": None,
    "reason": None,
}
_PATH = {"candidate_id": CANDIDATE}

_DECIDED = _OPEN | {
    "state": "different",
    "decided_at": "2026-11-23T13:52:00.000000Z",
    "decided_by": "key:a7Os1Oj49WB7",
    "reason": "mother and daughter",
}
_DECISION = {"decision": "different", "reason": "mother and daughter"}

LIST_CANDIDATES = (
    Example(name="nothing", summary="Nothing waits", answer={"items": [], "next": None}),
    Example(
        name="open", summary="What waits for a person", answer={"items": [_OPEN], "next": None}
    ),
)
READ_CANDIDATE = (
    Example(name="open", summary="An open one", path=_PATH, answer=_OPEN),
    Example(name="decided", summary="One that a person decided", path=_PATH, answer=_DECIDED),
)
REVIEW_CANDIDATE = (
    Example(
        name="different",
        summary="They are two people",
        path=_PATH,
        body=_DECISION,
        answer=_DECIDED,
    ),
    Example(
        name="again",
        summary="A repeated decision changes nothing",
        path=_PATH,
        body=_DECISION,
        answer=_DECIDED,
    ),
)
