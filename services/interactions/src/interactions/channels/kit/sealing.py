"""Secrets at rest: AES-256-GCM with key ids; each secret is bound to its row."""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from common.errors import UnavailableError

KEY_BYTES = 32
NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed secret and the id of the key that opens it."""

    key_id: str
    content: bytes


class Sealer:
    """Seals with the current key and opens with any configured key, so that keys can rotate."""

    def __init__(self, keys: Mapping[str, SecretStr], current: str | None) -> None:
        self._keys = {name: AESGCM(_decoded(key)) for name, key in keys.items()}
        if current is not None and current not in self._keys:
            raise ValueError("the current sealing key is not among the keys")
        self._current = current

    def seal(self, secret: str, *, bound_to: str) -> Sealed:
        """Seal ``secret`` so that it opens only for the same ``bound_to``.

        Raises UnavailableError while no key is configured: a secret is never stored in plain text.
        """
        if self._current is None:
            raise UnavailableError("no sealing key is configured")
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._keys[self._current].encrypt(nonce, secret.encode(), bound_to.encode())
        return Sealed(self._current, nonce + sealed)

    def open(self, sealed: Sealed, *, bound_to: str) -> str | None:
        """Return the secret, or None if its key is gone or it was sealed for another row."""
        key = self._keys.get(sealed.key_id)
        if key is None:
            return None
        nonce, content = sealed.content[:NONCE_BYTES], sealed.content[NONCE_BYTES:]
        try:
            return key.decrypt(nonce, content, bound_to.encode()).decode()
        except InvalidTag:
            return None


def new_key() -> str:
    """Return a new key in the form that the settings expect."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def _decoded(key: SecretStr) -> bytes:
    try:
        decoded = base64.b64decode(key.get_secret_value(), validate=True)
    except binascii.Error:
        raise ValueError("a sealing key must be base64") from None
    if len(decoded) != KEY_BYTES:
        raise ValueError(f"a sealing key has {KEY_BYTES} bytes")
    return decoded
