"""The protocol of a provider's adapter: pure functions, one file per provider."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from interactions.history import Draft

Headers = Sequence[tuple[str, str]]
"""Pairs of a name in lower case and a value; a repeated header stays repeated."""


def only_header(headers: Headers, name: str) -> str | None:
    """Return a header that was sent exactly once, else None."""
    values = [value for sent, value in headers if sent == name]
    return values[0] if len(values) == 1 else None


class UnreadableError(Exception):
    """An adapter cannot read a delivery. The text is a reason and never contains content."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A provider's call: ``url`` as the provider called it, the body as raw bytes."""

    url: str
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """Return a header that was sent exactly once, else None."""
        return only_header(self.headers, name)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A stored call, as an adapter reads it.

    ``region`` (ISO 3166) is the country of telephone numbers that name none.
    """

    account: str
    channel: str
    headers: Headers
    body: bytes
    received_at: datetime
    region: str | None = None


class Adapter(Protocol):
    """One provider."""

    name: str
    answer: tuple[str, bytes]
    """Media type and body of the response that the provider expects."""
    max_bytes: int
    """The longest body that the provider sends. Anybody can make us check that much."""

    def looks_signed(self, headers: Headers) -> bool:
        """Return whether the headers have what a signed call has; asked before the body is read."""
        ...

    def is_genuine(self, call: Signed, secret: str) -> bool:
        """Return, in constant time, whether the holder of ``secret`` made this call."""
        ...

    def delivery_key(self, call: Signed) -> str | None:
        """Return a key that is equal when the provider repeats the call, or None."""
        ...

    def read(self, delivery: Delivery) -> list[Draft]:
        """Return the messages in the delivery; none if it is valid but has no message.

        Raises UnreadableError.
        """
        ...
