"""Values that stand for "nobody". Linking one of them would glue strangers together."""

import re

_QUOTES = "\"'`\\\u00b4\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a"

_WORDS = frozenset({
    "", "-1", "null", "(null)", "<null>", "none", "nil", "undefined", "nan", "[object object]",
    "object", "true", "false", "yes", "no", "anonymous", "anon", "guest", "unknown", "n/a", "na",
    "not available", "not set", "(not set)", "empty", "test", "user", "customer", "email", "phone",
    "id", "distinct_id", "user_id", "example.com", "void", "0x0", "xxx", "tbd", "?",
})  # fmt: skip

_FILLER = re.compile(r"[\s0._\-+*#/]+")
"""Zeros, dashes and the like only: ``0``, ``000-000``, ``00000000-0000-0000-0000-000000000000``."""

_ONE_DIGIT = re.compile(r"\+?(?:[\s().\-]*(\d))(?:[\s().\-]*\1){5,}[\s().\-]*")
"""The same digit all through, seven times or more, however it is grouped: ``111 1111``."""

_ONE_AND_ZEROS = re.compile(r"\+?10{6,}")
"""``+10000000000``: a country code and nothing."""

_NOBODYS_MAILBOXES = frozenset({
    "test", "noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "anonymous", "guest",
    "unknown", "null", "none", "undefined", "nobody", "mailer-daemon", "example", "nomail",
    "noemail",
})  # fmt: skip

_TELEPHONE_TYPES = frozenset({"phone", "whatsapp"})


def is_placeholder(kind: str, value: str) -> bool:
    """Say whether ``value`` names nobody; quotes around it and its case do not matter."""
    bare = _unquoted(value).casefold()
    if bare in _WORDS or _FILLER.fullmatch(bare):
        return True
    if kind == "email":
        mailbox, _, domain = bare.rpartition("@")
        return not domain or mailbox.partition("+")[0] in _NOBODYS_MAILBOXES
    if kind in _TELEPHONE_TYPES:
        return bool(_ONE_DIGIT.fullmatch(bare) or _ONE_AND_ZEROS.fullmatch(bare))
    return False


def _unquoted(value: str) -> str:
    return value.strip().strip(_QUOTES + " \t\r\n")
