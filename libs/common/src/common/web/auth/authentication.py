"""From the ``Authorization`` header to a caller: an API key, or a token of a trusted issuer.

Failures are counted by address: past the quota, a sender is answered 429 before its credential
costs a query or a request for an issuer's keys. A key that was good before, and a token whose
issuer's key is in memory, are checked all the same: an address is an office or a carrier, and its
other users go on working.
"""

import hashlib
import time

from cachetools import FIFOCache

from common.db import Clock, Database, Transaction
from common.errors import ServiceError, UnauthenticatedError
from common.runtime import spawn
from common.settings import AuthSettings
from common.web import metrics
from common.web.auth.api_keys import KeyRow, KeyText, find_key, matches, note_use, parse_key
from common.web.auth.callers import Caller
from common.web.auth.jwt import JwtVerifier
from common.web.auth.key_cache import KeyCache
from common.web.auth.rate_limits import Buckets

FAILURES_PER_MINUTE = 1_000
"""Wrong credentials from one address. Guessing 190 bits is hopeless; this bounds what it costs."""
LOOKUP_SECONDS = 1.0
TOKEN_SECONDS = 60.0
"""How long a verified token is not verified again; never past its own end."""
MAX_TOKENS = 4_096


class Authenticator:
    """One per application."""

    def __init__(self, database: Database, clock: Clock, settings: AuthSettings) -> None:
        self._database = database
        self._clock = clock
        self._pepper = settings.pepper
        self._environment = settings.environment
        self._keys = KeyCache(self._load)
        self._jwt = JwtVerifier(settings.issuers)
        self._tokens: FIFOCache[bytes, tuple[Caller, float]] = FIFOCache(MAX_TOKENS)
        self._failures = Buckets(FAILURES_PER_MINUTE)

    async def authenticate(self, authorization: str | None, *, sender: str) -> Caller:
        """Return the caller. Raises UnauthenticatedError, RateLimitedError or UnavailableError."""
        try:
            return await self._caller(authorization, sender)
        except UnauthenticatedError as error:
            metrics.AUTHENTICATION_FAILURES.labels(error.type_suffix).inc()
            if authorization is not None:
                self._failures.take(sender)
            raise

    async def is_known(self, authorization: str | None) -> bool:
        """Return whether the credential was good when it was last looked at; costs no query."""
        token = _bearer(authorization)
        if token is None:
            return False
        if token.startswith("tl_"):
            parts = parse_key(token)
            return parts is not None and matches(
                self._keys.last_known(parts.key_id), parts.secret, self._pepper
            )
        if _name_of(token) in self._tokens:
            return True
        try:
            can_be_verified = self._jwt.has_key_of(token)
        except UnauthenticatedError:
            return False
        return can_be_verified and await self.is_good(authorization, sender=None)

    async def is_good(self, authorization: str | None, *, sender: str | None) -> bool:
        """Return whether the credential would be let in; counts no failure."""
        try:
            await self._caller(authorization, sender=sender)
        except ServiceError:
            return False
        return True

    async def still_valid(self, authorization: str | None) -> bool:
        """Return whether an open stream's credential would still be let in."""
        try:
            await self._caller(authorization, sender=None)
        except ServiceError as error:
            return not isinstance(error, UnauthenticatedError)
        return True

    async def _caller(self, authorization: str | None, sender: str | None) -> Caller:
        if authorization is None:
            raise UnauthenticatedError("a credential is required", type_suffix="no-credential")
        token = _bearer(authorization)
        if token is None:
            raise _refused()
        if token.startswith("tl_"):
            return await self._by_key(token, sender)
        return await self._by_token(token, sender)

    async def _by_key(self, token: str, sender: str | None) -> Caller:
        parts = parse_key(token)
        if parts is None:
            raise _refused()
        row = self._keys.peek(parts.key_id)
        if row is None:
            if not matches(self._keys.last_known(parts.key_id), parts.secret, self._pepper):
                self._check_failures(sender)
            row = await self._keys.get(parts.key_id)
        if not self._good(row, parts) or row is None:
            raise _refused()
        self._note_use(row)
        return Caller(
            tenant_id=row.tenant_id,
            principal_id=f"key:{row.key_id}",
            scopes=frozenset(row.scopes),
        )

    def _good(self, row: KeyRow | None, parts: KeyText) -> bool:
        equal = matches(row, parts.secret, self._pepper)
        return (
            equal
            and row is not None
            and row.environment == parts.environment == self._environment
            and row.usable(self._clock.now())
        )

    async def _by_token(self, token: str, sender: str | None) -> Caller:
        name = _name_of(token)
        found = self._tokens.get(name)
        if found is not None and time.time() < found[1]:
            return found[0]
        if not self._jwt.has_key_of(token):
            self._check_failures(sender)
        caller, ends = await self._jwt.verify(token)
        self._tokens[name] = caller, min(ends, time.time() + TOKEN_SECONDS)
        return caller

    def _check_failures(self, sender: str | None) -> None:
        if sender is not None:
            self._failures.check(sender)

    async def _load(self, key_id: str) -> KeyRow | None:
        return await self._database.read(find_key, key_id, deadline_seconds=LOOKUP_SECONDS)

    def _note_use(self, row: KeyRow) -> None:
        """Write the day of last use, once a day and key, behind the request's back."""
        now = self._clock.now()
        if row.last_used_on is None or row.last_used_on < now.date():
            if not self._keys.first_use(row.key_id, now.date()):
                return

            async def note(tx: Transaction) -> None:
                await note_use(tx, row.key_id, now=now)

            spawn(self._database.run(note), name="api_key.note_use")


def _bearer(authorization: str | None) -> str | None:
    scheme, _, token = (authorization or "").partition(" ")
    return token if token and scheme.lower() == "bearer" else None


def _name_of(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _refused() -> UnauthenticatedError:
    return UnauthenticatedError("invalid credential")
