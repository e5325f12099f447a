"""From what a caller wrote to the key under which a person is found.

Normalising is idempotent: the value of a key normalises to itself. ``NORMALISER_VERSION`` is
stored with each key; whoever changes a rule here raises it and re-keys the older rows.
"""

import re
import unicodedata
from collections.abc import Callable

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from identity.customers.domain.identifiers import DropReason, Key, Presented
from identity.customers.domain.placeholders import is_placeholder

NORMALISER_VERSION = 1
MAX_VALUE_LENGTH = 512
TYPE_PATTERN = r"^[a-z][a-z0-9_]{0,31}$"

_UNSEEN = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)
"""Control, zero-width and direction characters: invisible, and never part of an identity."""

_WHATSAPP_SCOPED_ID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
"""The business-scoped user id: a country and an opaque id, such as ``DE.13491208655302741918``."""

_DIALLED = re.compile(r"[+\d][\d\s().\-/]*(?:(?:ext\.?|x|;ext=|#)\s*\d{1,7})?", re.IGNORECASE)
_TELEPHONE_SCHEME = re.compile(r"^(?:tel|sms|whatsapp):\s*", re.IGNORECASE)
_MAIL_SCHEME = re.compile(r"^mailto:\s*", re.IGNORECASE)


def normalise(presented: Presented, region: str | None = None) -> Key | DropReason:
    """Return the key of an identifier, or why it cannot have one.

    ``region`` (ISO 3166, such as ``GB``) reads telephone numbers written without a country code;
    without it they are unparseable.
    """
    if len(presented.value) > MAX_VALUE_LENGTH or len(presented.scope or "") > MAX_VALUE_LENGTH:
        return DropReason.TOO_LONG
    text = clean(presented.value)
    if is_placeholder(presented.type, text):
        return DropReason.BLOCKED
    value = _NORMALISERS.get(presented.type, _opaque)(text, region)
    if value is None:
        return DropReason.UNPARSEABLE
    if is_placeholder(presented.type, value):
        return DropReason.BLOCKED
    return Key(presented.type, clean(presented.scope or ""), value)


def clean(text: str) -> str:
    """Return the text in Unicode's compatibility form, without what cannot be seen."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", _UNSEEN.sub("", text))).strip()


def _opaque(text: str, _region: str | None) -> str | None:
    """Ids that others make up: case is theirs, so it stays."""
    return text or None


def _email(text: str, _region: str | None) -> str | None:
    """Fold the case of the whole address: for matching only, letters are sent to as written."""
    try:
        address = validate_email(
            _MAIL_SCHEME.sub("", text),
            check_deliverability=False,
            allow_display_name=True,
            # Sandboxes live under .test; such an address harms nobody as a key.
            test_environment=True,
        )
    except EmailNotValidError:
        return None
    return f"{_folded(address.local_part)}@{(address.ascii_domain or address.domain).lower()}"


def _phone(text: str, region: str | None) -> str | None:
    """E.164, by numbering plan lengths only: metadata lags behind newly opened ranges.

    Vanity letters are refused, an extension is not part of the key.
    """
    written = _TELEPHONE_SCHEME.sub("", text)
    if not _DIALLED.fullmatch(written):
        return None
    try:
        number = phonenumbers.parse(written, region.upper() if region else None)
    except phonenumbers.NumberParseException:
        return None
    if (
        phonenumbers.is_possible_number_with_reason(number)
        != phonenumbers.ValidationResult.IS_POSSIBLE
    ):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _whatsapp(text: str, region: str | None) -> str | None:
    """A telephone number or a business-scoped user id.

    WhatsApp writes numbers as bare international digits; anything else is read as people dial.
    """
    written = _TELEPHONE_SCHEME.sub("", text)
    if _WHATSAPP_SCOPED_ID.fullmatch(written):
        return written
    if written.isdecimal() and not written.startswith("0"):
        written = f"+{written}"
    return _phone(written, region)


def _handle(text: str, _region: str | None) -> str | None:
    """Names that people choose, with or without the @, in any case."""
    return _folded(text.removeprefix("@")).strip() or None


def _folded(text: str) -> str:
    """Return the text in lower case; repeated, because folding can undo normalisation."""
    while (folded := unicodedata.normalize("NFKC", text.lower())) != text:
        text = folded
    return text


_NORMALISERS: dict[str, Callable[[str, str | None], str | None]] = {
    "email": _email,
    "phone": _phone,
    "whatsapp": _whatsapp,
    "telegram": _handle,
    "external_id": _opaque,
    "loyalty_id": _opaque,
    "account_id": _opaque,
    "device": _opaque,
    "cookie": _opaque,
    "messenger": _opaque,
    "instagram": _opaque,
    "slack": _opaque,
    "viber": _opaque,
}
"""The types we know; any other type of the right form is opaque too."""
