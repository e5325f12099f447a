"""From the ``Authorization`` header to a caller: an API key, or a token of a trusted issuer.

Failures are counted by address: past the quota, a sender is answered 429 before its credential
costs a query or a request for an issuer's keys. A key that was good before, and a token whose
issuer's key is in memory, are checked all the same: an address is an office or a carrier, and its
other users go on working.
"""

import time

from cachetools import FIFOCache
from starlette.datastructures import Headers
from starlette.types import Scope

from common.db import Clock, Database, Transaction
from common.errors import ServiceError, UnauthenticatedError
from common.runtime import spawn
from common.settings import AuthSettings
from common.web import metrics
from common.web.auth.api_keys import KeyRow, find_key, matches, note_use
from common.web.auth.callers import Caller
from common.web.auth.credentials import (
    Credential,
    PresentedKey,
    PresentedToken,
    Unusable,
    read_credential,
)
from common.web.auth.exchange import exchange_of
from common.web.auth.jwt import JwtVerifier, UnverifiedToken
from common.web.auth.key_cache import KeyCache
from common.web.auth.rate_limits import Buckets

FAILURES_PER_MINUTE = 1_000
"""Wrong credentials from one address. Guessing 190 bits is hopeless; this bounds what it costs."""
LOOKUP_SECONDS = 1.0
TOKEN_SECONDS = 60.0
"""How long a verified token is not verified again; never past its own end."""
MAX_TOKENS = 4_096
_ABSENT = Unusable(absent=True)


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

    def credential_of(self, scope: Scope) -> Credential:
        """Return the credential of a request, read once for all layers."""
        exchange = exchange_of(scope)
        if exchange.credential is None:
            header = Headers(scope=scope).get("authorization")
            exchange.credential = read_credential(header, self._pepper)
        return exchange.credential

    async def authenticate(self, credential: Credential, *, sender: str) -> Caller:
        """Return the caller. Raises UnauthenticatedError, RateLimitedError or UnavailableError."""
        try:
            return await self._caller(credential, sender)
        except UnauthenticatedError as error:
            metrics.AUTHENTICATION_FAILURES.labels(error.type_suffix).inc()
            if credential != _ABSENT:
                self._failures.take(sender)
            raise

    async def is_known(self, credential: Credential) -> bool:
        """Return whether the credential was good when it was last looked at; costs no query."""
        if isinstance(credential, PresentedKey):
            return matches(self._keys.last_known(credential.key_id), credential.digest)
        if isinstance(credential, Unusable):
            return False
        return credential.name in self._tokens or (
            self._can_verify(credential) and await self.is_good(credential, sender=None)
        )

    async def is_good(self, credential: Credential, *, sender: str | None) -> bool:
        """Return whether the credential would be let in; counts no failure."""
        try:
            await self._caller(credential, sender)
        except ServiceError:
            return False
        return True

    async def still_valid(self, authorization: str | None) -> bool:
        """Return whether an open stream's credential would still be let in."""
        try:
            await self._caller(read_credential(authorization, self._pepper), sender=None)
        except ServiceError as error:
            return not isinstance(error, UnauthenticatedError)
        return True

    async def _caller(self, credential: Credential, sender: str | None) -> Caller:
        if isinstance(credential, PresentedKey):
            return await self._by_key(credential, sender)
        if isinstance(credential, PresentedToken):
            return await self._by_token(credential, sender)
        if credential.absent:
            raise UnauthenticatedError("a credential is required", type_suffix="no-credential")
        raise _refused()

    async def _by_key(self, key: PresentedKey, sender: str | None) -> Caller:
        row = self._keys.peek(key.key_id)
        if row is None:
            if not matches(self._keys.last_known(key.key_id), key.digest):
                self._check_failures(sender)
            row = await self._keys.get(key.key_id)
        if not self._good(row, key) or row is None:
            raise _refused()
        self._note_use(row)
        return Caller(
            tenant_id=row.tenant_id,
            principal_id=f"key:{row.key_id}",
            scopes=frozenset(row.scopes),
        )

    def _good(self, row: KeyRow | None, key: PresentedKey) -> bool:
        equal = matches(row, key.digest)
        return (
            equal
            and row is not None
            and row.environment == key.environment == self._environment
            and row.usable(self._clock.now())
        )

    async def _by_token(self, token: PresentedToken, sender: str | None) -> Caller:
        found = self._tokens.get(token.name)
        if found is not None and time.time() < found[1]:
            return found[0]
        unverified = self._parsed(token)
        if not self._jwt.has_key_of(unverified):
            self._check_failures(sender)
        try:
            caller, ends = await self._jwt.verify(unverified)
        except UnauthenticatedError:
            token.refused = True
            raise
        self._tokens[token.name] = caller, min(ends, time.time() + TOKEN_SECONDS)
        return caller

    def _can_verify(self, token: PresentedToken) -> bool:
        """Return whether the key of a token is in memory."""
        try:
            return self._jwt.has_key_of(self._parsed(token))
        except UnauthenticatedError:
            return False

    def _parsed(self, token: PresentedToken) -> UnverifiedToken:
        """Return what the token says, parsed once. Raises UnauthenticatedError."""
        if token.refused:
            raise _refused()
        if token.unverified is None:
            try:
                token.unverified = self._jwt.read(token.text)
            except UnauthenticatedError:
                token.refused = True
                raise
        return token.unverified

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


def _refused() -> UnauthenticatedError:
    return UnauthenticatedError("invalid credential")
