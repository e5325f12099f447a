"""Placeholders: values that identify nobody. Linking one would merge strangers."""

import re

_QUOTES = "\"'`\\\u00b4\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a"

_WORDS = frozenset({
    "", "-1", "null", "(null)", "<null>", "none", "nil", "undefined", "nan", "[object object]",
    "object", "true", "false", "yes", "no", "anonymous", "anon", "guest", "unknown", "n/a", "na",
    "not available", "not set", "(not set)", "empty", "test", "user", "customer", "email", "phone",
    "id", "distinct_id", "user_id", "example.com", "void", "0x0", "xxx", "tbd", "?",
})  # fmt: skip

_FILLER = re.compile(r"[\s0._\-+*#/]+")
"""Only zeros, dashes and the like: ``0``, ``000-000``, an all-zero UUID."""

_ONE_DIGIT = re.compile(r"\+?(?:[\s().\-]*(\d))(?:[\s().\-]*\1){5,}[\s().\-]*")
"""One digit repeated seven times or more, in any grouping: ``111 1111``."""

_ONE_AND_ZEROS = re.compile(r"\+?10{6,}")
"""A country code followed by zeros: ``+10000000000``."""

_SHARED_MAILBOXES = frozenset({
    "test", "noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "anonymous", "guest",
    "unknown", "null", "none", "undefined", "nobody", "mailer-daemon", "example", "nomail",
    "noemail",
})  # fmt: skip

_TELEPHONE_TYPES = frozenset({"phone", "whatsapp"})


def is_placeholder(kind: str, value: str) -> bool:
    """Return whether ``value`` identifies nobody; its case and any quotes do not matter."""
    bare = _unquoted(value).casefold()
    if bare in _WORDS or _FILLER.fullmatch(bare):
        return True
    if kind == "email":
        mailbox, _, domain = bare.rpartition("@")
        return not domain or mailbox.partition("+")[0] in _SHARED_MAILBOXES
    if kind in _TELEPHONE_TYPES:
        return bool(_ONE_DIGIT.fullmatch(bare) or _ONE_AND_ZEROS.fullmatch(bare))
    return False


def _unquoted(value: str) -> str:
    return value.strip().strip(_QUOTES + " \t\r\n")
