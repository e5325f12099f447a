"""The keys under which identifiers are looked up. Only identity decides who a customer is."""

import hashlib
import unicodedata
from functools import lru_cache

PHONE_LIKE = frozenset({"phone", "mobile", "landline", "fax", "sms", "whatsapp", "viber", "signal"})


MAX_KEY_BYTES = 400
"""The longest key that fits into an index together with the columns before it."""


def bounded_key(key: str) -> str:
    """Return ``key``, or its digest when it is too long to be part of an index."""
    encoded = key.encode("utf-8", "surrogatepass")
    if len(encoded) <= MAX_KEY_BYTES:
        return key
    return f"sha256|{hashlib.sha256(encoded).hexdigest()}"


@lru_cache(maxsize=8_192)  # One identifier is looked up at several steps, and comes again soon.
def lookup_key(type: str, value: str) -> str:  # noqa: A002 - the name of the identifier's field
    """Return the key of an identifier in this spelling.

    NFKC, case folded and trimmed. Phone-like types keep only digits and a leading plus, unless the
    value contains letters (a business-scoped user id, say). A very long key becomes its digest.
    """
    return bounded_key(_folded(type, value))


def _folded(type: str, value: str) -> str:  # noqa: A002 - as above
    # Folding can undo composition and composition can undo folding; a second pass fixes both.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())
    folded = folded.casefold().strip()
    if type not in PHONE_LIKE or any(c.isalpha() for c in folded):
        return folded
    digits = "".join(str(unicodedata.decimal(c)) for c in folded if c.isdecimal())
    if not digits:
        return folded
    return f"+{digits}" if folded.startswith("+") else digits
