"""Ids that another system issued: compared exactly, for case may tell two of them apart."""

import re
from uuid import UUID

_HEX = "[0-9a-f]"
_UUID = re.compile(
    rf"(?:urn:uuid:)?\{{?({_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}})\}}?", re.IGNORECASE
)
_BARE_UUID = re.compile("[0-9a-f]{32}|[0-9A-F]{32}")
"""In one case throughout: mixed, it is some other system's id."""
_MAC_ADDRESS = re.compile(rf"{_HEX}{{2}}([:-])(?:{_HEX}{{2}}\1){{4}}{_HEX}{{2}}", re.IGNORECASE)


def read_opaque(text: str) -> str:
    """Return the value as it is, but UUIDs and hardware addresses in the one form of their kind."""
    match = _UUID.fullmatch(text)
    if match or _BARE_UUID.fullmatch(text):
        return str(UUID(match[1] if match else text))
    if _MAC_ADDRESS.fullmatch(text):
        return text.lower().replace("-", ":")
    return text
