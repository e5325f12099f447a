"""People as messengers name them: by number, by an id within a page or workspace, by a handle."""

import re

from identifiers.keys import IdentifierKey, Outcome, Unusable, UnusableReason, Usable
from identifiers.text import fold
from identifiers.types.telephone import read_telephone

WHATSAPP_MAX_LENGTH = 192

_SCHEME = re.compile(r"^(?:whatsapp|wa):\s*", re.IGNORECASE)
_WA_LINK = re.compile(
    r"(?:(?:https?://)?wa\.me/|(?:(?:https?://)?(?:api|web)\.whatsapp\.com|whatsapp:/)/send/?\?"
    r"(?:.*&)?phone=)(?:\+|%2B)?(\d{5,15})(?:[/?&].*)?",
    re.IGNORECASE,
)
_SCOPED_ID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
"""A business-scoped user id: a country and an opaque id, such as ``DE.13491208655302741918``."""
_JID = re.compile(
    r"(\+?\d{1,20})(?:[._:][\d._:]*)?@(s\.whatsapp\.net|c\.us|lid|hosted(?:\.lid)?)", re.IGNORECASE
)
"""A user, perhaps with agent and device, on WhatsApp's own servers."""
_INTERNATIONAL_DIGITS = re.compile(r"[1-9]\d{6,}")
_NO_USER = re.compile(r".*@(?:g\.us|broadcast|newsletter|call)", re.IGNORECASE)
_TELEGRAM = re.compile(
    r"(?:(?:https?://)?(?:www\.)?(?:t\.me|telegram\.(?:me|dog))/|tg://resolve\?domain=|tg://user\?id="
    r"|telegram:)?@?(\w+)/?(?:[?&].*)?",
    re.IGNORECASE | re.ASCII,
)
_SLACK_USER = re.compile(
    r"(?:<@(\w+)(?:\|[^>]*)?>|(?:(T\w+)[:/.\-])?@?(\w+))", re.ASCII | re.IGNORECASE
)
"""A mention, or an id with or without the workspace before it."""


def read_whatsapp(text: str, scope: str, region: str | None) -> Outcome:
    """Return the telephone number's own key, or that of an id which stands in for a number.

    WhatsApp writes numbers as bare international digits; people write them as they dial.
    """
    link = _WA_LINK.fullmatch(text)
    written = _SCHEME.sub("", text, count=1)
    if _SCOPED_ID.fullmatch(written):
        return _scoped("whatsapp", scope, written)
    if _NO_USER.fullmatch(written):
        return Unusable(UnusableReason.UNPARSEABLE, fold(written))
    jid = _JID.fullmatch(written)
    if jid and "lid" in jid[2].lower():
        return Usable(IdentifierKey("whatsapp", "", f"{jid[1]}@lid"))
    number = jid[1] if jid else link[1] if link else written
    if _INTERNATIONAL_DIGITS.fullmatch(number):
        number = f"+{number}"
    return read_telephone(number, region)


def read_telegram(text: str) -> Outcome:
    """Return a user's id as it is, or a name that the user chose, without case, @ or link."""
    match = _TELEGRAM.fullmatch(text)
    if match is None:
        return Unusable(UnusableReason.UNPARSEABLE, fold(text))
    return Usable(IdentifierKey("telegram", "", fold(match[1])))


def read_slack(text: str, scope: str) -> Outcome:
    """Return a user's id within its workspace."""
    match = _SLACK_USER.fullmatch(text)
    if match is None:
        return Unusable(UnusableReason.UNPARSEABLE, fold(text))
    workspace = (match[2] or "").upper()
    if workspace and scope and workspace != scope.upper():
        return Unusable(UnusableReason.UNPARSEABLE, fold(text))
    return _scoped("slack", scope or workspace, (match[1] or match[3]).upper())


def _scoped(kind: str, scope: str, value: str) -> Outcome:
    if not scope:
        return Unusable(UnusableReason.SCOPE_MISSING, fold(value))
    return Usable(IdentifierKey(kind, scope, value))
