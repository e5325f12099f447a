"""The public keys of one issuer: given in the settings, or fetched from its JWKS address.

The address comes from our settings only, never from a token. A token with a key id that we do not
know asks for a new set, at most once a minute and within a total deadline; all others go on with
what is in memory meanwhile.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OctKey, OKPKey, RSAKey

from common.runtime import spawn
from common.settings import TrustedIssuer
from common.telemetry import describe, get_logger

REFETCH_SECONDS = 60.0
MAX_AGE_SECONDS = 3_600.0
FETCH_DEADLINE_SECONDS = 3.0
MAX_BYTES = 65_536

_log = get_logger(__name__)

Fetch = Callable[[str], Awaitable[bytes]]


class IssuerKeys:
    """Keys by id; ``await find`` never raises for a fetch that fails."""

    def __init__(
        self,
        issuer: TrustedIssuer,
        *,
        fetch: Fetch | None = None,
        time: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._fetch = fetch or fetch_jwks
        self._time = time
        self._keys = read_jwks(issuer.jwks) if issuer.jwks is not None else []
        self._asked_at: float | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, kid: str | None, algorithm: str) -> Key | None:
        """Return the key for a token's header, or None. Without ``kid`` there must be only one."""
        found = self._pick(kid, algorithm)
        if self._issuer.jwks_url is None:
            return found
        if found is None and self._may_ask(REFETCH_SECONDS):
            await asyncio.shield(self._refresh())
            return self._pick(kid, algorithm)
        if found is None and self._fetching is not None:
            await asyncio.shield(self._fetching)
            return self._pick(kid, algorithm)
        if found is not None and self._may_ask(MAX_AGE_SECONDS):
            self._refresh()
        return found

    def has(self, kid: str | None, algorithm: str) -> bool:
        """Return whether the key is in memory."""
        return self._pick(kid, algorithm) is not None

    def _pick(self, kid: str | None, algorithm: str) -> Key | None:
        usable = [key for key in self._keys if _fits(key, algorithm)]
        if kid is not None:
            usable = [key for key in usable if key.kid == kid]
        return usable[0] if len(usable) == 1 else None

    def _may_ask(self, after_seconds: float) -> bool:
        return self._asked_at is None or self._time() - self._asked_at >= after_seconds

    def _refresh(self) -> asyncio.Task[None]:
        self._asked_at = self._time()
        self._fetching = spawn(self._fetch_now(), name="jwks.fetch")
        self._fetching.add_done_callback(self._fetched)
        return self._fetching

    def _fetched(self, _task: asyncio.Task[None]) -> None:
        self._fetching = None

    async def _fetch_now(self) -> None:
        url = self._issuer.jwks_url or ""
        try:
            async with asyncio.timeout(FETCH_DEADLINE_SECONDS):
                content = await self._fetch(url)
            self._keys = read_jwks(content.decode())
        except (TimeoutError, httpx.HTTPError, ValueError, OSError) as error:
            _log.warning("jwks.fetch_failed", issuer=self._issuer.issuer, error=describe(error))


def read_jwks(text: str) -> list[Key]:
    """Return the signature keys of a JWKS document; other keys are left out.

    Raises ValueError when it is no such document.
    """
    try:
        document = json.loads(text)
        found = KeySet.import_key_set(document)
    except (JoseError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not a JWKS: {type(error).__name__}") from None
    return [key for key in found if not isinstance(key, OctKey) and key.get("use") != "enc"]


_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}
"""Unpacked, so that the cap on bytes is one on memory too."""


async def fetch_jwks(url: str) -> bytes:
    """Read at most ``MAX_BYTES`` from ``url``: no redirects, no proxies from the environment."""
    async with (
        httpx.AsyncClient(trust_env=False, timeout=FETCH_DEADLINE_SECONDS) as client,
        client.stream("GET", url, headers=_HEADERS) as answer,
    ):
        if answer.status_code != httpx.codes.OK:
            raise ValueError(f"status {answer.status_code}")
        content = b""
        async for chunk in answer.aiter_raw():
            content += chunk
            if len(content) > MAX_BYTES:
                raise ValueError("the key set is too large")
        return content


_ED25519 = frozenset({"EdDSA", "Ed25519"})


def _fits(key: Key, algorithm: str) -> bool:
    """Return whether a key is of the kind that ``algorithm`` needs, and not meant for another."""
    names = _ED25519 if algorithm in _ED25519 else {algorithm}
    if key.get("alg") is not None and key.get("alg") not in names:
        return False
    if algorithm == "RS256":
        return isinstance(key, RSAKey)
    if algorithm == "ES256":
        return isinstance(key, ECKey) and key.curve_name == "P-256"
    return isinstance(key, OKPKey) and key.as_dict(private=False).get("crv") == "Ed25519"
