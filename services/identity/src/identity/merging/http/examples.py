"""Examples of merges, for the API's document."""

from typing import Any
from uuid import UUID

from common.story import BO, BO_BY_PHONE, BOS_MERGE, KIOSK_USERS, READERS_MERGE
from common.web import Example
from common.web.requests import ConsistencyToken


def _token(customer_id: str, version: int) -> str:
    return ConsistencyToken(UUID(customer_id), version).encode()


_REQUEST: dict[str, Any] = {
    "source_id": BO_BY_PHONE,
    "target_id": BO,
    "reason": "same person",
}
_BOS_PHONE = {
    "type": "phone",
    "value": "+46701740606",
    "scope": None,
    "level": "claimed",
    "raw": "+46 70 174 06 06",
    "source": None,
    "first_seen_at": "2026-11-23T08:10:00.000000Z",
}
_MERGED: dict[str, Any] = {
    "merge_id": BOS_MERGE,
    "customer_id": BO,
    "absorbed_ids": [BO_BY_PHONE],
    "changed": True,
    "dry_run": False,
    "preview": None,
    "consistency_token": _token(BO, 2),
}

MERGE = (
    Example(
        name="preview",
        summary="What a merge would give; nothing changes",
        body=_REQUEST | {"dry_run": True},
        answer=_MERGED
        | {
            "merge_id": None,
            "consistency_token": None,
            "dry_run": True,
            "preview": {
                "attributes": {"name": "Bo Ek"},
                "identifiers": [
                    {
                        "type": "email",
                        "value": "bo@example.org",
                        "scope": None,
                        "level": "claimed",
                        "raw": "bo@example.org",
                        "source": None,
                        "first_seen_at": "2026-11-23T08:10:00.000000Z",
                    },
                    _BOS_PHONE,
                ],
                "cleared": [],
                "overridden": [],
                "moved": [_BOS_PHONE],
                "conflicts": [],
            },
        },
    ),
    Example(name="merge", summary="Two customers become one", body=_REQUEST, answer=_MERGED),
    Example(
        name="again",
        summary="They are one customer already: nothing changes",
        body=_REQUEST,
        answer=_MERGED | {"merge_id": None, "absorbed_ids": [], "changed": False},
    ),
    Example(
        name="readers",
        summary="Two readers of a library turn out to be one, with two cards",
        body={
            "source_id": KIOSK_USERS[2],
            "target_id": KIOSK_USERS[1],
            "reason": "one reader, two cards",
        },
        answer=_MERGED
        | {
            "merge_id": READERS_MERGE,
            "customer_id": KIOSK_USERS[1],
            "absorbed_ids": [KIOSK_USERS[2]],
            "consistency_token": _token(KIOSK_USERS[1], 2),
        },
    ),
)
