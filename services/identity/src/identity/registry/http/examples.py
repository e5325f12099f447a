"""Examples of registered types of identifiers, for the API's document."""

from typing import Any

from common.web import Example

_CARD: dict[str, Any] = {
    "name": "Membership card",
    "comparison": "folded",
    "scope": "ignored",
    "category": "own_number",
}
_CARD_SAVED: dict[str, Any] = {
    "type": "member_card",
    "version": 1,
    **_CARD,
    "registered_at": "2026-11-23T08:00:00.000000Z",
}
_RENAMED = _CARD | {"name": "Member's card"}
_RENAMED_SAVED = _CARD_SAVED | _RENAMED | {"version": 2}

LIST_TYPES = (
    Example(name="whole", summary="All registered types", answer={"items": [_CARD_SAVED]}),
    Example(name="none", summary="No type yet", answer={"items": []}),
)
READ_TYPE = (
    Example(
        name="card",
        summary="A type as it was registered",
        path={"type": "member_card"},
        answer=_CARD_SAVED,
    ),
    Example(
        name="renamed",
        summary="A later version",
        path={"type": "member_card"},
        answer=_RENAMED_SAVED,
    ),
)
PUT_TYPE = (
    Example(
        name="new",
        summary="Cards whose numbers are unique, and are compared without case",
        path={"type": "member_card"},
        body=_CARD,
        answer=_CARD_SAVED,
    ),
    Example(
        name="changed",
        summary="Its next version",
        path={"type": "member_card"},
        body=_RENAMED,
        answer=_RENAMED_SAVED,
    ),
)
