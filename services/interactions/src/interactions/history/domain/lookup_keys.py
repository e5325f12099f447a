"""How identifiers are spelled for a look-up. An aid only: who is who is for identity to decide."""

import hashlib
import unicodedata
from functools import lru_cache

PHONE_LIKE = frozenset({"phone", "mobile", "landline", "fax", "sms", "whatsapp", "viber", "signal"})


MAX_KEY_BYTES = 400
"""Longer keys would not fit into an index beside the columns in front of them."""


def bounded(key: str) -> str:
    """Return ``key``, or its digest when it is too long to be part of an index."""
    encoded = key.encode("utf-8", "surrogatepass")
    if len(encoded) <= MAX_KEY_BYTES:
        return key
    return f"sha256|{hashlib.sha256(encoded).hexdigest()}"


@lru_cache(maxsize=8_192)  # One identifier is looked up at several steps, and comes again soon.
def lookup_key(type: str, value: str) -> str:  # noqa: A002 - it is what an identifier calls it
    """Return the key under which this spelling of an identifier is remembered.

    NFKC, case folded and trimmed. Phone-like types keep their digits and a leading plus only, but
    a value with letters in it is no phone number (a business-scoped user id, say) and stays whole.
    A very long one is replaced by its digest.
    """
    return bounded(_folded(type, value))


def _folded(type: str, value: str) -> str:  # noqa: A002 - as above
    # Folding can undo composition and composing can undo folding; the second pass settles both.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())
    folded = folded.casefold().strip()
    if type not in PHONE_LIKE or any(c.isalpha() for c in folded):
        return folded
    digits = "".join(str(unicodedata.decimal(c)) for c in folded if c.isdecimal())
    if not digits:
        return folded
    return f"+{digits}" if folded.startswith("+") else digits
