"""Tokens for calls between our services: Ed25519, one tenant, few scopes, five minutes."""

import json
import time
from collections.abc import Callable
from typing import Any

from cachetools import FIFOCache
from joserfc import jwt
from joserfc.jwk import OKPKey
from pydantic import SecretStr

AUDIENCE = "threadline"
LIFETIME_SECONDS = 300
RENEW_SECONDS = 60
"""A token with less than this left is not used for another call."""
MAX_TOKENS = 1_000


class ServiceTokens:
    """Mints tokens in the name of ``threadline:<service>``; keeps them until nearly over."""

    def __init__(
        self, *, service: str, key: SecretStr, time: Callable[[], float] = time.time
    ) -> None:
        self.issuer = f"threadline:{service}"
        self._key = read_private_key(key)
        self._time = time
        self._minted: FIFOCache[tuple[str, str], tuple[str, float]] = FIFOCache(MAX_TOKENS)

    def headers(self, tenant_id: str, *, scope: str) -> dict[str, str]:
        """Return the ``Authorization`` header for one call; ``scope`` is space-separated."""
        return {"Authorization": f"Bearer {self.token(tenant_id, scope=scope)}"}

    def token(self, tenant_id: str, *, scope: str) -> str:
        now = self._time()
        found = self._minted.get((tenant_id, scope))
        if found is not None and now < found[1] - RENEW_SECONDS:
            return found[0]
        token, ends = self._mint(tenant_id, scope, int(now))
        self._minted[tenant_id, scope] = token, ends
        return token

    def _mint(self, tenant_id: str, scope: str, now: int) -> tuple[str, float]:
        ends = now + LIFETIME_SECONDS
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": self.issuer,
            "iat": now,
            "exp": ends,
            "tenant_id": tenant_id,
            "scope": scope,
        }
        header = {"alg": "Ed25519", "typ": "at+jwt", "kid": self._key.kid}
        return jwt.encode(header, claims, self._key, algorithms=["Ed25519"]), ends

    @staticmethod
    def generate_key() -> str:
        """Return a new private key as JWK text, for the settings of one service."""
        return json.dumps(OKPKey.generate_key("Ed25519", auto_kid=True).as_dict(private=True))

    @staticmethod
    def public_jwks(key: SecretStr) -> str:
        """Return the JWKS text for the services that shall trust the holder of ``key``."""
        return json.dumps({"keys": [read_private_key(key).as_dict(private=False)]})


def read_private_key(key: SecretStr) -> OKPKey:
    """Return the signing key; raises ValueError for anything but a private Ed25519 JWK."""
    found = OKPKey.import_key(json.loads(key.get_secret_value()))
    if not found.is_private or found.as_dict(private=False).get("crv") != "Ed25519":
        raise ValueError("the service key must be a private Ed25519 JWK")
    found.ensure_kid()
    return found
