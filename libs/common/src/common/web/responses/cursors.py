"""Cursors: where a list goes on, signed, and good only for the list that they came from.

A cursor is ``base64url(position ‖ MAC)``; the MAC covers tenant, route and filters, which are not
inside. So a cursor of another tenant, route or filter is as bad as a forged one: 400, same words.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from common.errors import ErrorCode, FieldError
from common.jsons import dumps, loads
from common.web.problems import HttpError

Part = str | int | bool | datetime | UUID | None
"""What a sort position is made of."""

MAX_LENGTH = 1_024
_MAC_BYTES = 16
_VERSION = b"\x01"


class CursorSigner:
    """Makes and reads cursors under one secret, the same in all processes of a service."""

    def __init__(self, secret: SecretStr) -> None:
        self._key = hashlib.sha256(b"cursor:" + secret.get_secret_value().encode()).digest()

    def encode(
        self, position: Sequence[Part], *, tenant_id: str, route: str, filters: Any = None
    ) -> str:
        """Return the cursor that stands after ``position``. A position too long is a bug."""
        content = _VERSION + dumps([_tagged(part) for part in position])
        mac = self._mac(content, tenant_id, route, filters)
        token = urlsafe_b64encode(mac + content).rstrip(b"=").decode()
        if len(token) > MAX_LENGTH:
            raise ValueError("a sort position does not fit into a cursor")
        return token

    def decode(
        self, token: str, *, tenant_id: str, route: str, filters: Any = None
    ) -> tuple[Part, ...]:
        """Return the position. Raises HttpError 400 for anything that ``encode`` did not make."""
        raw = _unarmoured(token)
        mac, content = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        expected = self._mac(content, tenant_id, route, filters)
        if not hmac.compare_digest(mac, expected) or content[:1] != _VERSION:
            raise _bad_cursor()
        return tuple(_untagged(tag, value) for tag, value in loads(content[1:]))

    def _mac(self, content: bytes, tenant_id: str, route: str, filters: Any) -> bytes:
        bound = hashlib.sha256(dumps([tenant_id, route, _ordered(filters)])).digest()
        return hmac.digest(self._key, bound + content, "sha256")[:_MAC_BYTES]


def _unarmoured(token: str) -> bytes:
    if len(token) > MAX_LENGTH or not token.isascii():
        raise _bad_cursor()
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        raise _bad_cursor() from None
    # The decoder skips foreign characters and spare bits; only the one true spelling is accepted.
    if urlsafe_b64encode(raw).rstrip(b"=").decode() != token:
        raise _bad_cursor()
    return raw


def _bad_cursor() -> HttpError:
    return HttpError(
        400,
        "the cursor does not belong to this list; start without one",
        type_suffix="bad-cursor",
        errors=[
            FieldError(
                "/query/cursor", ErrorCode.INVALID_VALUE, "must be the next of a page of this list"
            )
        ],
    )


def _ordered(filters: Any) -> Any:
    """Return filters so that the order of a mapping's members does not matter."""
    if isinstance(filters, dict):
        return sorted([str(name), _ordered(value)] for name, value in filters.items())
    return filters


def _tagged(part: Part) -> list[Any]:
    if isinstance(part, datetime):
        return ["t", part.astimezone(UTC).isoformat()]
    if isinstance(part, UUID):
        return ["u", part.hex]
    return ["j", part]


def _untagged(tag: str, value: Any) -> Part:
    if tag == "t":
        return datetime.fromisoformat(value)
    if tag == "u":
        return UUID(hex=value)
    plain: str | int | bool | None = value
    return plain
