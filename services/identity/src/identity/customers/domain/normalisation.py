"""Turns an identifier as written into the key under which its customer is found.

Normalisation is idempotent: the value of a key normalises to itself. ``NORMALISER_VERSION`` is
stored with each key. A change of the rules here raises it and re-keys the older rows.
"""

import re
import unicodedata
from collections.abc import Callable

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from identity.customers.domain.identifiers import DropReason, IdentifierKey, PresentedIdentifier
from identity.customers.domain.placeholders import is_placeholder

NORMALISER_VERSION = 1
MAX_VALUE_LENGTH = 512
MAX_LENGTHS = {"email": 320, "phone": 64, "whatsapp": 150}
"""Shorter limits for types whose parsers are dear: an address with a display name, a number as
people write it, a business-scoped user id."""
MAX_KEY_BYTES = 1_024
"""The longest scope and value of a key, in UTF-8: both fit into an index entry of Postgres."""
TYPE_PATTERN = r"^[a-z][a-z0-9_]{0,31}$"

_INVISIBLE = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)
"""Control, zero-width and direction characters: never part of an identifier."""

_WHATSAPP_SCOPED_ID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
"""A business-scoped user id: a country and an opaque id, such as ``DE.13491208655302741918``."""

_DIALLED = re.compile(r"[+\d][\d\s().\-/]*(?:(?:ext\.?|x|;ext=|#)\s*\d{1,7})?", re.IGNORECASE)
_TELEPHONE_SCHEME = re.compile(r"^(?:tel|sms|whatsapp):\s*", re.IGNORECASE)
_MAIL_SCHEME = re.compile(r"^mailto:\s*", re.IGNORECASE)


def normalise(
    presented: PresentedIdentifier, region: str | None = None
) -> IdentifierKey | DropReason:
    """Return the key of an identifier, or the reason why it has none.

    Telephone numbers without a country code belong to ``region`` (ISO 3166, such as ``GB``);
    without a region they are unparseable.
    """
    text = _text_of(presented)
    if text is None:
        return DropReason.TOO_LONG
    if is_placeholder(presented.type, text):
        return DropReason.BLOCKED
    value = _NORMALISERS.get(presented.type, _opaque)(text, region)
    if value is None:
        return DropReason.UNPARSEABLE
    if is_placeholder(presented.type, value):
        return DropReason.BLOCKED
    key = IdentifierKey(presented.type, clean(presented.scope or ""), value)
    return key if _fits(key) else DropReason.TOO_LONG


def _text_of(presented: PresentedIdentifier) -> str | None:
    """Return the cleaned value, or None if it or the scope is too long. Cleaning can lengthen."""
    longest = MAX_LENGTHS.get(presented.type, MAX_VALUE_LENGTH)
    if len(presented.value) > longest or len(presented.scope or "") > MAX_VALUE_LENGTH:
        return None
    text = clean(presented.value)
    return text if len(text) <= longest else None


def _fits(key: IdentifierKey) -> bool:
    # Normalisation can lengthen a text, and a character takes up to four bytes.
    sizes = (len(part.encode("utf-8", "surrogatepass")) for part in (key.scope, key.value))
    return max(sizes) <= MAX_KEY_BYTES


def clean(text: str) -> str:
    """Return the text in Unicode's compatibility form, without invisible characters."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))).strip()


def _opaque(text: str, _region: str | None) -> str | None:
    """Keep the case: another system issued the id, and case may distinguish two of them."""
    return text or None


def _email(text: str, _region: str | None) -> str | None:
    """Fold the case of the whole address: keys are for matching, mail goes to the raw spelling."""
    try:
        address = validate_email(
            _MAIL_SCHEME.sub("", text),
            check_deliverability=False,
            allow_display_name=True,
            # Sandboxes use .test; as a key, such an address does no harm.
            test_environment=True,
        )
    except EmailNotValidError:
        return None
    return f"{_folded(address.local_part)}@{(address.ascii_domain or address.domain).lower()}"


def _phone(text: str, region: str | None) -> str | None:
    """Return E.164, checked by length only: metadata lags behind newly opened ranges.

    Vanity letters are refused, and an extension is not part of the key.
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
    """Return a business-scoped user id as it is, or a telephone number as E.164.

    WhatsApp writes numbers as bare international digits; people write them as they dial.
    """
    written = _TELEPHONE_SCHEME.sub("", text)
    if _WHATSAPP_SCOPED_ID.fullmatch(written):
        return written
    if written.isdecimal() and not written.startswith("0"):
        written = f"+{written}"
    return _phone(written, region)


def _handle(text: str, _region: str | None) -> str | None:
    """Fold the case of a name that a person chose, written with or without the @."""
    return _folded(text.removeprefix("@")).strip() or None


def _folded(text: str) -> str:
    """Return the text in lower case. Repeats, because folding can undo normalisation."""
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
"""The known types; any other type of the right form is opaque too."""
