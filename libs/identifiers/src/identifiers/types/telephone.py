"""Telephone numbers as people, exports and networks write them.

Checked by length only: metadata lags behind newly opened ranges.
"""

import re

import phonenumbers

from identifiers.keys import IdentifierKey, Outcome, Unusable, UnusableReason, Usable
from identifiers.placeholders import is_placeholder, is_placeholder_number, is_withheld
from identifiers.text import fold, with_ascii_dashes, with_ascii_digits
from identifiers.types.numbering import one_form

MAX_LENGTH = 64
_MIN_DIGITS = 4
"""A number has at least so many, before an extension may follow."""

_SCHEME = re.compile(r"^(?:tel|sms|smsto|callto|whatsapp|sips?|fax):\s*(?://)?", re.IGNORECASE)
_LABEL = re.compile(
    r"^(?:telephone|telefon|telefono|tel|phone|ph|mobile|mobil|mob|cell|handy|home|work|office|fax"
    r"|whatsapp|[tmpf])[.:\s]{1,3}(?=[+(\d])",
    re.IGNORECASE,
)
_NOTE = re.compile(r"\s*[(\[][^\d()\[\]]+[)\]]$")
"""Words in brackets behind the number, such as ``(mobile)``."""
_EXTENSION = re.compile(
    r"[\s.\-(]*(?:;\s*ext\s*=|;|,+|[#~*]|x|[pw]+|(?:extension|exten|extn|ext|durchwahl|dw|apparat"
    r"|app|nst|poste|anexo|ramal|interno|int|toestel|tst|anknytning|ankn|wewn|wew|linka|klapka"
    r"|добавочный|доб|внутр|вн|内線|內線|分机|分機|내선|ต่อ))[.:#\s]*(\d[\d \-]{0,11})[\s#)]*$",
    re.IGNORECASE,
)
"""Everything that asks for an extension: words, RFC 3966, and the pauses that a dialler sends."""
_PAUSES = re.compile(r"[\s,;#*]+$")
_PARAMETERS = re.compile(r";(?!\s*ext\s*=)[a-z-]+=[^;]*", re.IGNORECASE)
_HOST = re.compile(r"@[\w.\-:\[\]]+$")
_DIALLED = re.compile(r"\(?\s*[+\d(]+[\d\s().\-/·•]*")
_TRUNK_ZERO = re.compile(r"\(0\)")
"""The zero that callers from abroad leave out."""
_COUNTRY_AND_TRUNK = re.compile(r"(\d{1,3})\s*\(0\)")
_INTERNATIONAL = re.compile(r"\(?\s*(?:\++\s*(?:00)?|00(?!0))\s*")
"""A plus, perhaps twice or before the prefix that it stands for; or that prefix, 00."""
_SHORT_CODE = re.compile(r"\d{1,6}")
_SENDER_NAME = re.compile(r"(?=.*[^\W\d_])[\w &.\-+!']{1,30}|\d+&\d+")
_SEVERAL = re.compile(r"\d{4}[^\d+]*[,;/|&\s][^\d+]*(?:or|und|and|oder|y|e|et)?[^\d+]*\+\s*\d{4}")


def read_telephone(text: str, region: str | None) -> Outcome:
    """Return E.164 as the key, with the extension beside it.

    A number without a country code belongs to ``region`` (ISO 3166).
    """
    written = with_ascii_dashes(with_ascii_digits(text)).strip()
    bare = _HOST.sub("", _PARAMETERS.sub("", _SCHEME.sub("", written, count=1))).strip()
    if is_withheld(bare) or is_placeholder(bare):
        return Unusable(UnusableReason.BLOCKED)
    number, extension = _without_extension(_NOTE.sub("", _LABEL.sub("", bare, count=1)))
    if _SHORT_CODE.fullmatch(number):
        return _read_short(number, region, extension)
    if not _DIALLED.fullmatch(number):
        return _no_number(number, text)
    return _read_digits(number, region, extension)


def _without_extension(text: str) -> tuple[str, str | None]:
    match = _EXTENSION.search(text)
    if match and _count_digits(text[: match.start()]) >= _MIN_DIGITS:
        return text[: match.start()].strip(), re.sub(r"\D", "", match[1])
    return (_PAUSES.sub("", text) if _count_digits(text) >= _MIN_DIGITS else text).strip(), None


def _count_digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def _read_short(number: str, region: str | None, extension: str | None) -> Outcome:
    """Return a short code, unless the region's plan has telephone numbers as short as that."""
    if not number.strip("0"):
        return Unusable(UnusableReason.BLOCKED)
    if region is not None:
        parsed = _parse(number, region)
        if parsed is not None and phonenumbers.is_valid_number(phonenumbers.parse(parsed)):
            return Usable(IdentifierKey("phone", "", parsed), extension=extension)
    return Unusable(UnusableReason.SHORT_CODE, number)


def _no_number(number: str, text: str) -> Outcome:
    if _SEVERAL.search(number):
        return Unusable(UnusableReason.SEVERAL, fold(text))
    is_name = _SENDER_NAME.fullmatch(number) and not number.startswith("+")
    reason = UnusableReason.SENDER_NAME if is_name else UnusableReason.UNPARSEABLE
    return Unusable(reason, fold(text))


def _read_digits(number: str, region: str | None, extension: str | None) -> Outcome:
    dialled = _international(number)
    digits = re.sub(r"[^\d+]", "", dialled)
    if is_placeholder_number(digits):
        return Unusable(UnusableReason.BLOCKED)
    if not dialled.startswith("+") and region is None:
        return Unusable(UnusableReason.REGION_MISSING, digits)
    e164 = _parse(dialled, region)
    if e164 is None:
        is_pair = number.count("+") > 1
        reason = UnusableReason.SEVERAL if is_pair else UnusableReason.UNPARSEABLE
        return Unusable(reason, digits)
    if is_placeholder_number(e164):
        return Unusable(UnusableReason.BLOCKED)
    return Usable(IdentifierKey("phone", "", e164), extension=extension)


def _international(number: str) -> str:
    """Return the number with a plus where it has a country code that can be told."""
    prefix = _INTERNATIONAL.match(number)
    if prefix:
        return f"+{number[prefix.end() :]}"
    if _COUNTRY_AND_TRUNK.match(number):
        return f"+{number}"
    return number


def _parse(dialled: str, region: str | None) -> str | None:
    """Return E.164 in the one form of its numbering plan, or None if no number has its length.

    The plan says whether a zero in brackets belongs to the number, as in Italy; where it does not
    say, the zero is left out.
    """
    e164 = _parse_once(dialled, region)
    if e164 is None and _TRUNK_ZERO.search(dialled):
        return _parse_once(_TRUNK_ZERO.sub(" ", dialled, count=1), region)
    return e164


def _parse_once(dialled: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(dialled, region.upper() if region else None)
        written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        e164 = one_form(written)
        if e164 != written:
            number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return None
    outcome = phonenumbers.is_possible_number_with_reason(number)
    return e164 if outcome == phonenumbers.ValidationResult.IS_POSSIBLE else None
