"""Everything that processes write is searched for what is personal, and for secrets.

Tests that talk to processes of their own take whom and what they talk about from here. All of it
can be recognised, so a search need not know what was said.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

PERSON = "Carla Canary"
"""What people are called. The family name is also in all that they say."""
SECRET = "0123456789abcdef0123456789abcdef"
"""With which providers sign webhooks."""

_BETWEEN = r"[ ().-]{0,3}"
_FOUND = {
    "something said": re.compile("canary"),
    "an e-mail address": re.compile(r"@example\."),
    "a telephone number": re.compile(
        rf"(?<![\w.])(?:\+|00)?(?:44{_BETWEEN}20|49{_BETWEEN}30|020|030)(?:{_BETWEEN}\d){{8}}(?!\w)"
    ),
    "an API key": re.compile(r"tl_(?:live|test)_\w{12}_"),
}
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""One in some millions ends in what looks like a telephone number."""
_ESCAPED = {r"\u002b": "+", r"\u0040": "@", r"\x40": "@"}
_SHOWN = 60


def said(words: str) -> str:
    """Return a text that can be recognised."""
    return f"{words} Yours, {PERSON}"


def an_address() -> str:
    """Return an e-mail address that nobody has had before."""
    return f"anna-{uuid4().hex[:12]}@example.org"


def a_number(prefix: str = "+4420") -> str:
    """Return a telephone number of London, or Berlin (``+4930``), that nobody should have had."""
    return f"{prefix}{uuid4().int % 10**8:08d}"


def leaks_in(text: str, secrets: Iterable[str] = ()) -> dict[str, str]:
    """Return what ``text`` should not hold, each kind with its surroundings."""
    plain = _plain(text)
    searches = _FOUND | {f"secret {n}": _exactly(one) for n, one in enumerate(secrets)}
    found = {kind: match.start() for kind, one in searches.items() if (match := one.search(plain))}
    return {kind: plain[max(0, at - _SHOWN) : at + _SHOWN] for kind, at in found.items()}


def assert_nothing_leaked(written: Mapping[str, str], secrets: Iterable[str] = ()) -> None:
    """Fail if anything personal, or a secret, is in what was written, by who wrote it."""
    secrets = [*secrets, SECRET]
    leaks = {where: found for where, text in written.items() if (found := leaks_in(text, secrets))}
    assert not leaks, f"what nobody may read was written: {leaks}"


def logged(*paths: Path | None) -> dict[str, str]:
    """Return what is in those of the files that are there."""
    there = [path for path in paths if path is not None and path.exists()]
    return {path.name: path.read_text(errors="replace") for path in there}


def password_in(dsn: str) -> str:
    return str(urlsplit(dsn).password)


def _plain(text: str) -> str:
    """Undo what addresses and JSON do to characters, several times over."""
    text = text.casefold()
    while (undone := unquote(text).casefold()) != text:
        text = undone
    for escape, character in _ESCAPED.items():
        text = text.replace(escape, character)
    return _UUID.sub("", text)


def _exactly(secret: str) -> re.Pattern[str]:
    return re.compile(re.escape(_plain(secret)))
