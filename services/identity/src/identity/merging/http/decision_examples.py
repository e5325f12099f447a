"""Examples of decisions about customers, for the API's document."""

from typing import Any
from uuid import UUID

from common.story import (
    ANNA,
    ANNA_BY_PHONE,
    ANNAS_MERGE,
    KIOSK_USERS,
    LODGER,
    NEIGHBOUR,
    NEIGHBOURS_DECISION,
    READERS_MERGE,
    READERS_UNDO,
    SPLITTING,
    UNLINKING,
)
from common.story import RELEASE as RELEASING
from common.web import Example
from common.web.requests import ConsistencyToken

_OUTCOME: dict[str, Any] = {
    "decision_ids": [],
    "changed": True,
    "dry_run": False,
    "customer_ids": [],
    "restored_ids": [],
    "created_ids": [],
    "withdrawn_ids": [],
    "preview": None,
    "consistency_tokens": [],
}


READER, OTHER = KIOSK_USERS[1:3]


def _token(customer_id: str, version: int) -> str:
    return ConsistencyToken(UUID(customer_id), version).encode()


def _held(kind: str, value: str, raw: str, level: str, at: str, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "value": value,
        "scope": None,
        "level": level,
        "raw": raw,
        "source": None,
        "first_seen_at": f"2026-11-23T{at}Z",
        **more,
    }


_ANNAS_EMAIL = _held(
    "email", "anna.lindqvist@nordlys.se", "Anna.Lindqvist@Nordlys.se", "verified",
    "09:29:58.417000", source="webshop",
)  # fmt: skip
_ANNAS_NUMBER = {"type": "external_id", "value": "C-20417", "scope": "webshop"}
_NEIGHBOURS_NUMBER = _held(
    "external_id", "C-31006", "C-31006", "verified", "13:00:00.000000", scope="webshop",
    source="webshop",
)  # fmt: skip
_TELEPHONE = {"type": "phone", "value": "+46 70 174 06 05"}
_HELD_TELEPHONE = _held(
    "phone", "+46701740605", "+46 70 174 06 05", "verified", "08:10:00.000000", source="telephony"
)
_KIOSK = {"type": "email", "value": "kiosk@library.example"}


def _card(place: int) -> dict[str, Any]:
    value = f"L-{100 + place}"
    more = {"scope": "library"}
    return _held("loyalty_id", value, value, "channel_proved", "13:41:00.000000", **more)


def _previewed(customer_id: str | None, *identifiers: Any, **attributes: Any) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "merged_ids": [],
        "attributes": attributes,
        "identifiers": list(identifiers),
    }


_TWO_PERSONS = {"reason": "two persons after all"}
_UNDONE = _OUTCOME | {
    "customer_ids": [READER, OTHER],
    "restored_ids": [OTHER],
    "withdrawn_ids": [READERS_MERGE],
}
UNDO = (
    Example(
        name="preview",
        summary="What undoing a merge would give; nothing changes",
        path={"merge_id": READERS_MERGE},
        body=_TWO_PERSONS | {"dry_run": True},
        answer=_UNDONE
        | {
            "dry_run": True,
            "preview": [
                _previewed(READER, _card(1)),
                _previewed(OTHER, _card(2)),
            ],
        },
    ),
    Example(
        name="undo",
        summary="Both are customers of their own again",
        path={"merge_id": READERS_MERGE},
        body=_TWO_PERSONS,
        answer=_UNDONE
        | {
            "decision_ids": [READERS_UNDO],
            "consistency_tokens": [_token(READER, 4), _token(OTHER, 3)],
        },
    ),
    Example(
        name="again",
        summary="They are apart already: nothing changes",
        path={"merge_id": READERS_MERGE},
        body=_TWO_PERSONS,
        answer=_OUTCOME
        | {"changed": False, "customer_ids": [READER], "consistency_tokens": [_token(READER, 4)]},
    ),
)
_APART = {"customer_id": ANNA, "other_id": NEIGHBOUR, "reason": "neighbours"}
KEEP_APART = (
    Example(
        name="two_persons",
        summary="Nothing that the engine learns merges them",
        body=_APART,
        answer=_OUTCOME
        | {
            "decision_ids": [NEIGHBOURS_DECISION],
            "customer_ids": [ANNA, NEIGHBOUR],
            "consistency_tokens": [_token(ANNA, 8), _token(NEIGHBOUR, 1)],
        },
    ),
    Example(
        name="again",
        summary="A decision keeps them apart already: nothing changes",
        body=_APART,
        answer=_OUTCOME
        | {
            "changed": False,
            "customer_ids": [ANNA, NEIGHBOUR],
            "consistency_tokens": [_token(ANNA, 8), _token(NEIGHBOUR, 1)],
        },
    ),
)
_MISTYPED = {"identifier": _ANNAS_NUMBER, "reason": "mistyped"}
UNLINK = (
    Example(
        name="preview",
        summary="What unlinking a mistyped number would give",
        path={"customer_id": ANNA},
        body=_MISTYPED | {"dry_run": True},
        answer=_OUTCOME
        | {
            "dry_run": True,
            "customer_ids": [ANNA],
            "preview": [
                _previewed(
                    ANNA, _ANNAS_EMAIL, language="sv", name="Anna Lindqvist", tier="platinum"
                )
                | {"merged_ids": [ANNA_BY_PHONE]}
            ],
        },
    ),
    Example(
        name="unlink",
        summary="The number is nobody's until somebody presents it",
        path={"customer_id": ANNA_BY_PHONE},
        body=_MISTYPED,
        answer=_OUTCOME
        | {
            "decision_ids": [UNLINKING],
            "customer_ids": [ANNA],
            "consistency_tokens": [_token(ANNA, 9)],
        },
    ),
)
_WITH_NUMBER = _held(
    "external_id", "C-20417", "C-20417", "verified", "09:30:40.000000", scope="webshop",
    source="webshop",
)  # fmt: skip
WITHDRAW = (
    Example(
        name="preview",
        summary="What withdrawing the unlinking would give: the number is the customer's again",
        path={"decision_id": UNLINKING},
        body={"dry_run": True},
        answer=_OUTCOME
        | {
            "dry_run": True,
            "customer_ids": [ANNA],
            "withdrawn_ids": [UNLINKING],
            "preview": [
                _previewed(
                    ANNA,
                    _ANNAS_EMAIL,
                    _WITH_NUMBER,
                    language="sv",
                    name="Anna Lindqvist",
                    tier="platinum",
                )
                | {"merged_ids": [ANNA_BY_PHONE]}
            ],
        },
    ),
    Example(
        name="withdraw",
        summary="The number was right after all",
        path={"decision_id": UNLINKING},
        body={"reason": "unlinked by mistake"},
        answer=_OUTCOME
        | {
            "customer_ids": [ANNA],
            "withdrawn_ids": [UNLINKING],
            "consistency_tokens": [_token(ANNA, 10)],
        },
    ),
)
_LODGERS = {"identifiers": [_TELEPHONE], "reason": "the lodger's telephone"}
SPLIT = (
    Example(
        name="preview",
        summary="What splitting a telephone off would give",
        path={"customer_id": NEIGHBOUR},
        body=_LODGERS | {"dry_run": True},
        answer=_OUTCOME
        | {
            "dry_run": True,
            "customer_ids": [NEIGHBOUR],
            "preview": [
                _previewed(NEIGHBOUR, _NEIGHBOURS_NUMBER),
                _previewed(None, _HELD_TELEPHONE),
            ],
        },
    ),
    Example(
        name="split",
        summary="A new customer has the telephone",
        path={"customer_id": NEIGHBOUR},
        body=_LODGERS,
        answer=_OUTCOME
        | {
            "decision_ids": [SPLITTING],
            "customer_ids": [NEIGHBOUR, LODGER],
            "created_ids": [LODGER],
            "consistency_tokens": [_token(NEIGHBOUR, 3), _token(LODGER, 1)],
        },
    ),
)
_RELEASED = {"identifier": _KIOSK, "reason": "the librarian's own address"}
RELEASE = (
    Example(
        name="release",
        summary="The address leads to one customer again",
        body=_RELEASED,
        answer=_OUTCOME
        | {
            "decision_ids": [RELEASING],
            "customer_ids": [KIOSK_USERS[0]],
            "consistency_tokens": [_token(KIOSK_USERS[0], 3)],
        },
    ),
    Example(
        name="again",
        summary="It was released before: nothing changes",
        body=_RELEASED,
        answer=_OUTCOME
        | {
            "changed": False,
            "customer_ids": [KIOSK_USERS[0]],
            "consistency_tokens": [_token(KIOSK_USERS[0], 3)],
        },
    ),
)
_ACTOR = "key:7b3c9d21e4f0"
_STANDING: dict[str, Any] = {
    "merge_id": None,
    "undo_of": None,
    "actor": _ACTOR,
    "evidence": [],
    "score": None,
    "rules_version": None,
    "withdrawn_at": None,
    "withdrawn_by": None,
    "withdrawal_reason": None,
}
LIST_DECISIONS = (
    Example(
        name="undone",
        summary="Decisions about a customer, the latest first: the undo ended the merge",
        path={"customer_id": READER},
        answer={
            "items": [
                _STANDING
                | {
                    "decision_id": READERS_UNDO,
                    "kind": "cannot-link",
                    "rule": "undo",
                    "customer_id": READER,
                    "other_id": OTHER,
                    "undo_of": READERS_MERGE,
                    "reason": "two persons after all",
                    "decided_at": "2026-11-23T13:43:00.000000Z",
                },
                _STANDING
                | {
                    "decision_id": READERS_MERGE,
                    "kind": "must-link",
                    "rule": "explicit",
                    "customer_id": READER,
                    "other_id": OTHER,
                    "merge_id": READERS_MERGE,
                    "reason": "one reader, two cards",
                    "decided_at": "2026-11-23T13:42:00.000000Z",
                    "withdrawn_at": "2026-11-23T13:43:00.000000Z",
                    "withdrawn_by": _ACTOR,
                    "withdrawal_reason": "two persons after all",
                },
            ],
            "next": None,
        },
    ),
    Example(
        name="none",
        summary="Nobody has decided anything about this customer",
        path={"customer_id": NEIGHBOUR},
        answer={"items": [], "next": None},
    ),
)
LIST_MERGES = (
    Example(
        name="of_the_engine",
        summary="The engine merged two customers, with its evidence",
        path={"customer_id": ANNA},
        answer={
            "items": [
                {
                    "merge_id": ANNAS_MERGE,
                    "survivor_id": ANNA,
                    "absorbed_ids": [ANNA_BY_PHONE],
                    "reason": "proved to be one person",
                    "rule": "proved-identifiers.v2",
                    "actor": "engine",
                    "evidence": [
                        {
                            "customer_id": ANNA,
                            "type": "email",
                            "scope": None,
                            "value": "anna.lindqvist@nordlys.se",
                            "level": "verified",
                        },
                        {
                            "customer_id": ANNA_BY_PHONE,
                            "type": "phone",
                            "scope": None,
                            "value": "+46701740605",
                            "level": "channel_proved",
                        },
                    ],
                    "merged_at": "2026-11-23T12:45:00.000000Z",
                    "undone_by": None,
                }
            ],
            "next": None,
        },
    ),
    Example(
        name="undone",
        summary="A merge on request, which was undone",
        path={"customer_id": READER},
        answer={
            "items": [
                {
                    "merge_id": READERS_MERGE,
                    "survivor_id": READER,
                    "absorbed_ids": [OTHER],
                    "reason": "one reader, two cards",
                    "rule": "explicit",
                    "actor": _ACTOR,
                    "evidence": [],
                    "merged_at": "2026-11-23T13:42:00.000000Z",
                    "undone_by": READERS_UNDO,
                }
            ],
            "next": None,
        },
    ),
)
