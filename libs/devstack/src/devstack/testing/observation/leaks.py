"""Searches the output of processes for personal data and secrets.

Tests that talk to processes take names, addresses and texts from here. All of these are
recognisable, so a search works without knowing what a test sent.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

PERSON = "Carla Canary"
"""The name of every person. The family name also appears in every ``traceable`` text."""
SECRET = "0123456789abcdef0123456789abcdef"
"""The secret with which providers sign webhooks."""

_BETWEEN = r"[ ().-]{0,3}"
_PATTERNS = {
    "a traceable text": re.compile("canary"),
    "an e-mail address": re.compile(r"@example\."),
    "a telephone number": re.compile(
        rf"(?<![\w.])(?:\+|00)?(?:44{_BETWEEN}20|49{_BETWEEN}30|020|030)(?:{_BETWEEN}\d){{8}}(?!\w)"
    ),
    "an API key": re.compile(r"tl_(?:live|test)_\w{12}_"),
}
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Left out of searches: one in some millions ends like a telephone number."""
_ESCAPED = {r"\u002b": "+", r"\u0040": "@", r"\x40": "@"}
_SURROUNDING_CHARACTERS = 60


def traceable(words: str) -> str:
    """Return ``words`` with a signature that a search recognises."""
    return f"{words} Yours, {PERSON}"


def new_address() -> str:
    """Return a new e-mail address."""
    return f"anna-{uuid4().hex[:12]}@example.org"


def new_number(prefix: str = "+4420") -> str:
    """Return a random telephone number of London, or of Berlin (``+4930``)."""
    return f"{prefix}{uuid4().int % 10**8:08d}"


def find_leaks(text: str, secrets: Iterable[str] = ()) -> dict[str, str]:
    """Return the forbidden content of ``text``: a passage for each kind that was found."""
    plain = _plain(text)
    patterns = _PATTERNS | {f"secret {n}": _exactly(each) for n, each in enumerate(secrets)}
    matches = {kind: pattern.search(plain) for kind, pattern in patterns.items()}
    return {kind: _passage(plain, match.start()) for kind, match in matches.items() if match}


def _passage(text: str, at: int) -> str:
    return text[max(0, at - _SURROUNDING_CHARACTERS) : at + _SURROUNDING_CHARACTERS]


def assert_nothing_leaked(written: Mapping[str, str], secrets: Iterable[str] = ()) -> None:
    """Fail if personal data or a secret appears in any of the texts, keyed by their source."""
    secrets = [*secrets, SECRET]
    leaks = {source: find_leaks(text, secrets) for source, text in written.items()}
    assert not any(leaks.values()), f"personal data or secrets were written: {leaks}"


def read_logs(*paths: Path | None) -> dict[str, str]:
    """Return the contents of the files that exist, by file name."""
    existing = [path for path in paths if path is not None and path.exists()]
    return {path.name: path.read_text(errors="replace") for path in existing}


def password_in(dsn: str) -> str:
    return str(urlsplit(dsn).password)


def _plain(text: str) -> str:
    """Undo case, and the escapes of URLs (also nested) and JSON; remove UUIDs."""
    text = text.casefold()
    while (unquoted := unquote(text).casefold()) != text:
        text = unquoted
    for escape, character in _ESCAPED.items():
        text = text.replace(escape, character)
    return _UUID.sub("", text)


def _exactly(secret: str) -> re.Pattern[str]:
    return re.compile(re.escape(_plain(secret)))
