"""Masks: what callers without ``pii:read`` see in place of a field's value."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from common.web.responses import HIDDEN, Masker

_MEDIA_TYPES = frozenset({"type", "media_type", "content_type"})
_SIZES = frozenset({"size", "size_bytes"})
_MEDIA_TYPE = re.compile(r"[a-z]{1,20}(/[A-Za-z0-9.+-]{1,80})?")
_PLAIN_NAME = re.compile(r"(?!.*[0-9]{4})[A-Za-z_][A-Za-z0-9_-]{0,39}")
"""What a programmer names a field; nothing like an address or a number of telephone."""


@dataclass(frozen=True, slots=True)
class Mask:
    """How one field is masked. Part of the field's annotation."""

    apply: Callable[[Any, Masker], Any]


def mask_leaves(value: Any, masker: Masker) -> Any:
    """Hide every text and number in free JSON; its shape and its booleans stay.

    A member's name that is no plain word becomes a number.
    """
    if isinstance(value, dict):
        return {
            _shown_name(name, place, masker): mask_leaves(member, masker)
            for place, (name, member) in enumerate(value.items(), 1)
        }
    if isinstance(value, list):
        return [mask_leaves(item, masker) for item in value]
    if value is None or isinstance(value, bool):
        return value
    return masker.text(str(value))


def _shown_name(name: str, place: int, masker: Masker) -> str:
    return name if masker.sees_pii or _PLAIN_NAME.fullmatch(name) else f"{HIDDEN}{place}"


def _mask_attributes(attributes: Mapping[str, Any], masker: Masker) -> dict[str, Any]:
    return {name: masker.attribute(name, value) for name, value in attributes.items()}


def _mask_attachments(attachments: list[Any] | None, masker: Masker) -> list[Any]:
    return [_mask_attachment(attachment, masker) for attachment in attachments or ()]


def _mask_attachment(attachment: Any, masker: Masker) -> Any:
    if not isinstance(attachment, dict):
        return mask_leaves(attachment, masker)
    masked: dict[str, Any] = mask_leaves(attachment, masker)
    return masked | {name: value for name, value in attachment.items() if _is_safe(name, value)}


def _is_safe(name: str, value: Any) -> bool:
    """Return whether a field of an attachment is a media type or a size."""
    if name in _MEDIA_TYPES:
        return isinstance(value, str) and _MEDIA_TYPE.fullmatch(value) is not None
    return name in _SIZES and isinstance(value, int | float)


OPEN = Mask(lambda value, _: value)
"""Not personal: shown to every caller."""
TEXT = Mask(lambda value, masker: masker.text(value))
"""Free text: hidden as a whole."""
NAME = Mask(lambda value, masker: masker.name(value))
"""A person's name: the initial stays."""
LEAVES = Mask(mask_leaves)
"""Free JSON: the shape stays."""
ATTRIBUTES = Mask(_mask_attributes)
"""Attributes of a customer: those that say how to serve a person stay."""
ATTACHMENTS = Mask(_mask_attachments)
"""Attachments: types and sizes stay."""
WITHHELD = Mask(lambda _, masker: None)  # noqa: ARG005 - every mask takes the masker
"""Shown as null: even a fixed mask would say too much."""
