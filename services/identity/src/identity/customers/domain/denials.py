"""Identifiers that must not lead to a person: of an erased customer, or suppressed.

They are known by a keyed hash only. Without the secret nobody can tell from the hashes who is
meant, not even by trying all telephone numbers.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from identifiers import IdentifierKey


class DenialKind(StrEnum):
    """Why an identifier must not be processed."""

    ERASED = "erased"
    """Its customer was erased; a new sign-up of that person lifts it."""
    SUPPRESSED = "suppressed"
    """Its owner objects to being processed; only the tenant lifts it."""


@dataclass(frozen=True, slots=True)
class Denial:
    """One reason against one identifier, and since when."""

    kind: DenialKind
    denied_at: datetime


Denials = Mapping[IdentifierKey, tuple[Denial, ...]]
"""The denials in force of the identifiers that were asked about; others are absent."""


class DenyKeys:
    """Makes the keyed hashes of identifiers: by the present secret, and by those before it.

    A hash cannot be made again under a new secret, so the secrets before stay in use.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(secret.encode() for secret in secrets)
        if not self._secrets:
            raise ValueError("at least one secret is needed")

    def digest(self, tenant_id: str, key: IdentifierKey) -> bytes:
        """Return the hash under which a new denial is stored."""
        return _digest(self._secrets[0], tenant_id, key)

    def digests(self, tenant_id: str, key: IdentifierKey) -> list[bytes]:
        """Return every hash under which the identifier may have been denied."""
        return [_digest(secret, tenant_id, key) for secret in self._secrets]


def _digest(secret: bytes, tenant_id: str, key: IdentifierKey) -> bytes:
    # Each part with its length: no two identifiers are written the same way.
    message = b"".join(
        b"%d:%b" % (len(part), part) for part in (text.encode() for text in (tenant_id, *key))
    )
    return hmac.digest(secret, message, "sha256")
