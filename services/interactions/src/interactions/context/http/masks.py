"""What a caller without ``pii:read`` sees of each part: the shape, the times, not the person."""

from collections.abc import Callable, Mapping
from typing import Any

from common.web.responses import Masker

Mask = Callable[[Any], Any]

_SAFE_ATTACHMENT_FIELDS = frozenset({"type", "media_type", "content_type", "size", "size_bytes"})


def mask_part(part: str, masker: Masker) -> Mask:
    """Return the function that masks one part of a context."""
    masks: Mapping[str, Mask] = {
        "customer": lambda customer: _customer(customer, masker),
        "identifiers": lambda items: [mask_identifier(item, masker) for item in items],
        "conversations": lambda items: [
            item | {"subject": masker.text(item["subject"])} for item in items
        ],
        "interactions": lambda items: [mask_interaction(item, masker) for item in items],
    }
    return masks.get(part, _unchanged)


def mask_interaction(item: dict[str, Any], masker: Masker) -> dict[str, Any]:
    """Return an interaction without what was said and by whom."""
    author = item["author"]
    hidden = author["type"] == "customer"
    return item | {
        "author": author
        | {
            "id": masker.text(author["id"]) if hidden else author["id"],
            "name": masker.name(author["name"]),
        },
        "subject": masker.text(item["subject"]),
        "text": masker.text(item["text"]),
        "data": mask_leaves(item["data"], masker),
        "attachments": [_attachment(one, masker) for one in item["attachments"] or ()],
        "identifiers": [mask_identifier(one, masker) for one in item["identifiers"] or ()],
        # Some providers' message ids spell out the sender's number.
        "provider": item["provider"] and item["provider"] | {"message_id": None},
        "in_reply_to": None,
    }


def mask_identifier(item: dict[str, Any], masker: Masker) -> dict[str, Any]:
    """Return an identifier with its value masked by its type, and no other spelling of it."""
    shown = {name: item.get(name) for name in ("type", "value", "scope", "level")}
    return shown | {"value": masker.value(str(item.get("type")), _text(item.get("value")))}


def mask_leaves(value: Any, masker: Masker) -> Any:
    """Hide every text and number inside free JSON; its shape and its booleans stay."""
    if isinstance(value, dict):
        return {name: mask_leaves(one, masker) for name, one in value.items()}
    if isinstance(value, list):
        return [mask_leaves(one, masker) for one in value]
    if value is None or isinstance(value, bool):
        return value
    return masker.text(str(value))


def _customer(customer: dict[str, Any] | None, masker: Masker) -> dict[str, Any] | None:
    if customer is None:
        return None
    return customer | {"attributes": mask_leaves(customer["attributes"], masker)}


def _attachment(item: Any, masker: Masker) -> Any:
    if not isinstance(item, dict):
        return mask_leaves(item, masker)
    return {
        name: value if name in _SAFE_ATTACHMENT_FIELDS else mask_leaves(value, masker)
        for name, value in item.items()
    }


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _unchanged(value: Any) -> Any:
    return value
