"""What a caller without ``pii:read`` sees in place of personal values.

Masks have a fixed shape, so that neither length nor spelling of the value shows through.
"""

from collections.abc import Callable, Mapping
from typing import Any

HIDDEN = "***"
IMPERSONAL = frozenset({"language", "locale", "timezone", "tier"})
"""Attributes that say how to serve a person, not who they are. Every other one is hidden."""


def mask_text(_value: str) -> str:
    """Hide free text wholly; anything may be written in it."""
    return HIDDEN


def mask_email(value: str) -> str:
    """``anna@example.test`` → ``a***@***``."""
    return f"{value[:1]}{HIDDEN}@{HIDDEN}" if "@" in value else HIDDEN


def mask_phone(value: str) -> str:
    """``+44 20 7946 0018`` → ``***18``, enough to tell two numbers on a screen apart."""
    digits = [char for char in value if char.isdigit()]
    return HIDDEN + "".join(digits[-2:]) if len(digits) > 4 else HIDDEN  # noqa: PLR2004 - short codes


def mask_name(value: str) -> str:
    """``Anna Berg`` → ``A***``."""
    return f"{value.strip()[:1]}{HIDDEN}"


_BY_TYPE: Mapping[str, Callable[[str], str]] = {
    "email": mask_email,
    "phone": mask_phone,
    "mobile": mask_phone,
    "whatsapp": mask_phone,
    "sms": mask_phone,
    "name": mask_name,
}


def mask_value(kind: str, value: str) -> str:
    """Mask an identifier by its type; a type without a mask of its own is hidden wholly."""
    return _BY_TYPE.get(kind, mask_text)(value)


class Masker:
    """Masks, or leaves as they are, the personal fields of one caller's answer. None stays None."""

    def __init__(self, sees_pii: bool) -> None:  # noqa: FBT001 - Masker(caller.sees_pii) reads well
        self.sees_pii = sees_pii

    def email(self, value: str | None) -> str | None:
        return self._through(mask_email, value)

    def phone(self, value: str | None) -> str | None:
        return self._through(mask_phone, value)

    def name(self, value: str | None) -> str | None:
        return self._through(mask_name, value)

    def text(self, value: str | None) -> str | None:
        return self._through(mask_text, value)

    def value(self, kind: str, value: str | None) -> str | None:
        """Mask an identifier's value by its type."""
        return value if self.sees_pii or value is None else mask_value(kind, value)

    def attribute(self, name: str, value: Any) -> Any:
        """Mask an attribute of a person by its name."""
        if self.sees_pii or name in IMPERSONAL:
            return value
        if isinstance(value, str) and (name == "name" or name.endswith("_name")):
            return mask_name(value)
        return HIDDEN

    def _through(self, mask: Callable[[str], str], value: str | None) -> str | None:
        return value if self.sees_pii or value is None else mask(value)
