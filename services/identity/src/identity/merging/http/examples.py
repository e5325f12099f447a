"""Examples of merges, for the API's document."""

from typing import Any

from common.web import Example

_ANNA = "0199a1c0-6d3e-7b52-9c1f-3a5d0e7b4c21"
_SECOND = "0199a1c4-02b7-7e8a-8f60-91c2d4e6a803"
_REQUEST: dict[str, Any] = {
    "source_id": _SECOND,
    "target_id": _ANNA,
    "reason": "same person",
}
_MERGED: dict[str, Any] = {
    "merge_id": "0199a1c8-1f00-7c4d-9a10-6b7c8d9e0f12",
    "customer_id": _ANNA,
    "absorbed_ids": [_SECOND],
    "changed": True,
    "dry_run": False,
    "preview": None,
}

MERGE = (
    Example(name="merge", summary="Two customers become one", body=_REQUEST, answer=_MERGED),
    Example(
        name="again",
        summary="They are one customer already: nothing changes",
        body=_REQUEST,
        answer=_MERGED | {"merge_id": None, "absorbed_ids": [], "changed": False},
    ),
)
