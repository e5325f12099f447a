"""JSON in and out, through orjson. Decimals become text so that no float rounds them."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel

Encoded = orjson.Fragment
"""JSON text to be used as a value inside a document that is yet to be encoded."""


def _default(value: object) -> Any:
    if isinstance(value, (Decimal, UUID)):  # asyncpg's UUID is a subclass, which orjson refuses
        return str(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def dumps(value: object) -> bytes:
    """Encode as UTF-8 JSON; datetimes as RFC 3339 in UTC with ``Z``."""
    return orjson.dumps(value, default=_default, option=orjson.OPT_UTC_Z)


def encoded(body: object) -> bytes:
    """Encode ``body``, unless it is bytes, which are taken for JSON."""
    return body if isinstance(body, bytes) else dumps(body)


def dumps_text(value: object) -> str:
    """Encode as text, as asyncpg expects a jsonb parameter."""
    return dumps(value).decode()


def loads(value: bytes | str) -> Any:
    """Decode JSON that we wrote ourselves; use ``parse`` for untrusted input."""
    return orjson.loads(value)
