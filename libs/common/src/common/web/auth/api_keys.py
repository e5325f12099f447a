"""API keys: ``tl_{live|test}_{id, 12}_{secret, 32}{checksum, 6}``, all Base62.

The checksum (CRC-32 of what stands before it) lets scanners, and us, tell a real key from noise
without a database; it proves nothing. We store HMAC-SHA256(pepper, secret): the secret has 190
bits, so a slow hash would protect nothing and make every call expensive. A key is shown once.
"""

import hashlib
import hmac
import re
import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from pydantic import SecretStr
from sqlalchemy import text

from common.db import ReadConnection, Transaction
from common.errors import ConflictError, ErrorCode, FieldError, InvalidError
from common.web.auth.scopes import known_scopes

Environment = Literal["live", "test"]

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_KEY = re.compile(r"tl_(live|test)_([0-9A-Za-z]{12})_([0-9A-Za-z]{32})([0-9A-Za-z]{6})")
SCANNER_PATTERN = r"\btl_(live|test)_[0-9A-Za-z]{12}_[0-9A-Za-z]{38}\b"
"""For secret scanners. A match whose checksum is wrong is no key of ours."""
TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class KeyText:
    """The parts of a key as its holder sends it."""

    environment: str
    key_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as it is stored; who reads the table cannot call us with it."""

    key_id: str
    tenant_id: str
    name: str
    environment: str
    scopes: tuple[str, ...]
    digest: bytes
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_on: date | None = None

    def usable(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateKey:
    tenant_id: str
    name: str
    scopes: Sequence[str]
    environment: Environment = "live"
    expires_at: datetime | None = None
    granted_by: frozenset[str] | None = None
    """Scopes of the credential that asks; None for an operator at the command line."""


def create_key(command: CreateKey, *, pepper: SecretStr, now: datetime) -> tuple[str, KeyRow]:
    """Return the key to show once, and the row to store. Raises InvalidError.

    A key grants known scopes only, and never more than the credential that asks for it has.
    """
    scopes = known_scopes(command.scopes)
    if command.granted_by is not None and not scopes <= command.granted_by:
        raise InvalidError(
            "a key cannot have scopes its creator lacks",
            errors=[
                FieldError(
                    "/scopes", ErrorCode.NOT_ALLOWED, "must be among the scopes of your credential"
                )
            ],
        )
    _check_tenant(command.tenant_id)
    key_id, secret = _random(12), _random(32)
    row = KeyRow(
        key_id=key_id,
        tenant_id=command.tenant_id,
        name=command.name,
        environment=command.environment,
        scopes=tuple(sorted(scopes)),
        digest=digest_of(secret, pepper),
        created_at=now,
        expires_at=command.expires_at,
    )
    return compose(command.environment, key_id, secret), row


def import_key(plaintext: str, command: CreateKey, *, pepper: SecretStr, now: datetime) -> KeyRow:
    """Return the row for a key made elsewhere in our format, such as by a deployment's secrets."""
    parts = parse_key(plaintext)
    if parts is None:
        raise InvalidError("not an API key: its format or checksum is wrong")
    known_scopes(command.scopes)
    _check_tenant(command.tenant_id)
    return KeyRow(
        key_id=parts.key_id,
        tenant_id=command.tenant_id,
        name=command.name,
        environment=parts.environment,
        scopes=tuple(sorted(set(command.scopes))),
        digest=digest_of(parts.secret, pepper),
        created_at=now,
        expires_at=command.expires_at,
    )


def _check_tenant(tenant_id: str) -> None:
    if TENANT.fullmatch(tenant_id) is None:
        raise InvalidError("a tenant must be a slug of lower-case letters, digits, - and _")


def compose(environment: str, key_id: str, secret: str) -> str:
    """Return the key's text with its checksum."""
    body = f"tl_{environment}_{key_id}_{secret}"
    return body + checksum(body)


def checksum(body: str) -> str:
    """Return CRC-32 of ``body`` as six Base62 digits."""
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        digits = _BASE62[rest] + digits
    return digits


def parse_key(token: str) -> KeyText | None:
    """Return the parts of a well-formed key, or None; asks no database."""
    found = _KEY.fullmatch(token)
    if found is None or checksum(token[:-6]) != found[4]:
        return None
    return KeyText(environment=found[1], key_id=found[2], secret=found[3])


def digest_of(secret: str, pepper: SecretStr) -> bytes:
    return hmac.digest(pepper.get_secret_value().encode(), secret.encode(), hashlib.sha256)


def matches(row: KeyRow | None, digest: bytes) -> bool:
    """Compare in constant time; an unknown key costs what a known one does."""
    expected = row.digest if row is not None else bytes(32)
    equal = hmac.compare_digest(digest, expected)
    return equal and row is not None


def _random(length: int) -> str:
    return "".join(secrets.choice(_BASE62) for _ in range(length))


_COLUMNS = (
    "key_id, tenant_id, name, environment, scopes, digest, "
    "created_at, expires_at, revoked_at, last_used_on"
)
_FIND = text(f"SELECT {_COLUMNS} FROM api_key WHERE key_id = :key_id")
_LIST = text(f"SELECT {_COLUMNS} FROM api_key ORDER BY tenant_id, created_at, key_id")
_INSERT = text(
    """
    INSERT INTO api_key (key_id, tenant_id, name, environment, scopes, digest,
                         created_at, expires_at)
    VALUES (:key_id, :tenant_id, :name, :environment, :scopes, :digest, :created_at, :expires_at)
    ON CONFLICT (key_id) DO NOTHING
    """
)
_REVOKE = text("UPDATE api_key SET revoked_at = :now WHERE key_id = :key_id AND revoked_at IS NULL")
_USED = text(
    """
    UPDATE api_key SET last_used_on = :today
    WHERE key_id = :key_id AND last_used_on IS DISTINCT FROM :today
    """
)


async def find_key(connection: ReadConnection, key_id: str) -> KeyRow | None:
    """Return the key's row, also when it is revoked or expired."""
    row = (await connection.execute(_FIND, {"key_id": key_id})).mappings().one_or_none()
    return None if row is None else _row(row)


async def list_keys(connection: ReadConnection) -> list[KeyRow]:
    return [_row(row) for row in (await connection.execute(_LIST)).mappings()]


async def insert_key(tx: Transaction, row: KeyRow, *, now: datetime) -> None:
    """Store a key. Raises ConflictError when its id is taken by another secret or tenant.

    Storing the same key again changes nothing.
    """
    inserted = await tx.execute(
        _INSERT,
        {
            "key_id": row.key_id,
            "tenant_id": row.tenant_id,
            "name": row.name,
            "environment": row.environment,
            "scopes": list(row.scopes),
            "digest": row.digest,
            "created_at": now,
            "expires_at": row.expires_at,
        },
    )
    if inserted.rowcount == 0:
        stored = await find_key(tx, row.key_id)
        if stored is None or (stored.digest, stored.tenant_id) != (row.digest, row.tenant_id):
            raise ConflictError("this key id is already in use")


async def revoke_key(tx: Transaction, key_id: str, *, now: datetime) -> bool:
    """Revoke a key; False when there is no such key or it is revoked already."""
    return (await tx.execute(_REVOKE, {"key_id": key_id, "now": now})).rowcount == 1


async def note_use(tx: Transaction, key_id: str, *, now: datetime) -> None:
    """Remember the day on which a key was last used."""
    await tx.execute(_USED, {"key_id": key_id, "today": now.date()})


def _row(row: Any) -> KeyRow:
    return KeyRow(**{**row, "scopes": tuple(row["scopes"]), "digest": bytes(row["digest"])})
