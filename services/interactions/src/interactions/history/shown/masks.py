"""Masks: what callers without ``pii:read`` see in place of a field's value."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from common.web.responses import Masker

_SAFE_ATTACHMENT_FIELDS = frozenset({"type", "media_type", "content_type", "size", "size_bytes"})


@dataclass(frozen=True, slots=True)
class Mask:
    """How one field is masked. Part of the field's annotation."""

    apply: Callable[[Any, Masker], Any]


def mask_leaves(value: Any, masker: Masker) -> Any:
    """Hide every text and number in free JSON; its shape and its booleans stay."""
    if isinstance(value, dict):
        return {name: mask_leaves(member, masker) for name, member in value.items()}
    if isinstance(value, list):
        return [mask_leaves(item, masker) for item in value]
    if value is None or isinstance(value, bool):
        return value
    return masker.text(str(value))


def _mask_attachments(attachments: list[Any] | None, masker: Masker) -> list[Any]:
    return [_mask_attachment(attachment, masker) for attachment in attachments or ()]


def _mask_attachment(attachment: Any, masker: Masker) -> Any:
    if not isinstance(attachment, dict):
        return mask_leaves(attachment, masker)
    return {
        name: value if name in _SAFE_ATTACHMENT_FIELDS else mask_leaves(value, masker)
        for name, value in attachment.items()
    }


OPEN = Mask(lambda value, _: value)
"""Not personal: shown to every caller."""
TEXT = Mask(lambda value, masker: masker.text(value))
"""Free text: hidden as a whole."""
NAME = Mask(lambda value, masker: masker.name(value))
"""A person's name: the initial stays."""
LEAVES = Mask(mask_leaves)
"""Free JSON: the shape stays."""
ATTACHMENTS = Mask(_mask_attachments)
"""Attachments: types and sizes stay."""
WITHHELD = Mask(lambda _, masker: None)  # noqa: ARG005 - every mask takes the masker
"""Shown as null: even a fixed mask would say too much."""
