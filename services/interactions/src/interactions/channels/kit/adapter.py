"""What an adapter for a provider must be able to do. One file per provider, pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from interactions.history import Draft

Headers = Sequence[tuple[str, str]]
"""Names in lower case; a repeated header stays repeated."""


class UnreadableError(Exception):
    """A delivery that this adapter does not understand. The text is a reason, not content."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A provider's call as it came: ``url`` as the provider called it, the body as raw bytes."""

    url: str
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """Return a header that was sent exactly once; sent twice it is as good as absent."""
        values = [value for found, value in self.headers if found == name]
        return values[0] if len(values) == 1 else None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A call from the vault, to be read."""

    account: str
    channel: str
    headers: Headers
    body: bytes
    received_at: datetime


class Adapter(Protocol):
    """One provider."""

    name: str
    answer: tuple[str, bytes]
    """Media type and body of the answer that the provider expects."""

    def is_genuine(self, call: Signed, secret: str) -> bool:
        """Tell in constant time whether the holder of ``secret`` made this call."""
        ...

    def delivery_key(self, call: Signed) -> str | None:
        """Return what stays the same when the provider repeats this very call."""
        ...

    def read(self, delivery: Delivery) -> list[Draft]:
        """Return every message in the delivery; none for what is valid but no message.

        Raises UnreadableError.
        """
        ...
