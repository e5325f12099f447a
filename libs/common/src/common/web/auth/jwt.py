"""Bearer tokens (JWT, RFC 7519 and 9068) of issuers that the settings name.

Algorithms are pinned, the issuer decides which keys count, and no key that a token brings or points
to is ever looked at. The library checks signatures; it checks a claim only when told that the claim
is essential, so all of ours are.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from joserfc import jws, jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry
from pydantic_core import from_json
from typing_extensions import override

from common.errors import UnauthenticatedError
from common.settings import TrustedIssuer
from common.web.auth.api_keys import TENANT
from common.web.auth.callers import Caller
from common.web.auth.jwks import Fetch, IssuerKeys
from common.web.auth.scopes import registered_scopes

ALGORITHMS = frozenset({"RS256", "ES256", "EdDSA", "Ed25519"})
"""``Ed25519`` is what RFC 9864 calls EdDSA over that curve, the only one that we take."""
BINDING_CLAIM = "customer_id"
"""The claim that binds a token to one party: optional, an id that only the services interpret."""
LEEWAY_SECONDS = 30
MAX_TOKEN = 8_192
_FAR_AWAY = 2**53
_ACCESS_TYPES = frozenset({"at+jwt", "application/at+jwt", "jwt"})
_HEADERS = frozenset({"alg", "typ", "kid"})
"""All that a header may have. jku, x5u, x5c, jwk, crit, zip and b64 have no business here."""
_ID_TOKEN_CLAIMS = frozenset({"nonce", "at_hash", "c_hash"})
_KID = re.compile(r"[\w.:+/=@-]{1,200}", re.ASCII)
_SUBJECT = re.compile(r"[\x21-\x7e]{1,255}")


class _Pinned(JWSRegistry):
    """Our algorithms and no other. The library would warn on every use of the older name EdDSA."""

    @override
    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """A token that names a trusted issuer and has an acceptable header; it may be forged."""

    text: str
    kid: str | None
    algorithm: str
    issuer: TrustedIssuer


class JwtVerifier:
    """Turns a token into a caller, or refuses it without saying which check failed."""

    def __init__(
        self,
        issuers: Sequence[TrustedIssuer],
        *,
        fetch: Fetch | None = None,
        time: Callable[[], float] = time.time,
    ) -> None:
        self._issuers = {issuer.issuer: issuer for issuer in issuers}
        self._keys = {
            issuer.issuer: IssuerKeys(issuer, fetch=fetch) for issuer in self._issuers.values()
        }
        self._time = time
        self._registry = _Pinned()

    def read(self, text: str) -> UnverifiedToken:
        """Return what a token says of itself. Raises UnauthenticatedError."""
        header, claims = _unverified(text)
        issuer = self._issuers.get(_text(claims.get("iss")))
        if issuer is None or not _acceptable_header(header):
            raise _refused()
        return UnverifiedToken(text, header.get("kid"), header["alg"], issuer)

    def has_key_of(self, token: UnverifiedToken) -> bool:
        """Return whether its key is in memory."""
        return self._keys[token.issuer.issuer].has(token.kid, token.algorithm)

    async def verify(self, token: UnverifiedToken) -> tuple[Caller, float]:
        """Return the caller and when the token ends (epoch seconds). UnauthenticatedError."""
        issuer = token.issuer
        key = await self._keys[issuer.issuer].find(token.kid, token.algorithm)
        if key is None:
            raise _refused()
        try:
            verified = jwt.decode(token.text, key, registry=self._registry).claims
            self._claims_of(issuer).validate(verified)
        except (JoseError, ValueError, TypeError):
            raise _refused() from None
        ends = float(min(verified["exp"], _FAR_AWAY))
        if ends > self._time() + LEEWAY_SECONDS + issuer.max_life_seconds:
            raise _refused()
        return _caller(issuer, verified), ends

    def _claims_of(self, issuer: TrustedIssuer) -> JWTClaimsRegistry:
        return JWTClaimsRegistry(
            now=int(self._time()),
            leeway=LEEWAY_SECONDS,
            exp={"essential": True},
            sub={"essential": True},
            iss={"essential": True, "value": issuer.issuer},
            aud={"essential": True, "value": issuer.audience},
            tenant_id={"essential": True},
            scope={"essential": True},
        )


def _unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims before any signature is checked: only to choose the issuer."""
    if len(token) > MAX_TOKEN or not token.isascii():
        raise _refused()
    try:
        compact = jws.extract_compact(token.encode())
        header, claims = compact.headers(), from_json(compact.payload or b"", allow_inf_nan=False)
    except (JoseError, ValueError, TypeError, AttributeError):
        raise _refused() from None
    if not isinstance(claims, dict):
        raise _refused()
    return header, claims


def _acceptable_header(header: Mapping[str, Any]) -> bool:
    kid, kind = header.get("kid"), header.get("typ", "JWT")
    return (
        header.keys() <= _HEADERS
        and header.get("alg") in tuple(ALGORITHMS)
        and (kid is None or (isinstance(kid, str) and _KID.fullmatch(kid) is not None))
        and isinstance(kind, str)
        and kind.lower() in _ACCESS_TYPES
    )


def _caller(issuer: TrustedIssuer, claims: Mapping[str, Any]) -> Caller:
    """Read who is calling from verified claims; exactly, without folding case or Unicode."""
    tenant, subject, scope = claims["tenant_id"], claims["sub"], claims["scope"]
    sound = (
        isinstance(tenant, str)
        and TENANT.fullmatch(tenant) is not None
        and (issuer.tenants is None or tenant in issuer.tenants)
        and _SUBJECT.fullmatch(subject) is not None
        and isinstance(scope, str)
        and not _ID_TOKEN_CLAIMS & claims.keys()
    )
    if not sound:
        raise _refused()
    return Caller(
        tenant_id=tenant,
        principal_id=f"jwt:{issuer.issuer}:{subject}",
        scopes=frozenset(scope.split(" ")) & issuer.scopes & registered_scopes(),
        bound_to=_bound_to(claims.get(BINDING_CLAIM)),
    )


def _bound_to(value: Any) -> UUID | None:
    if value is None:
        return None
    try:
        return UUID(_text(value))
    except ValueError:
        raise _refused() from None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _refused() -> UnauthenticatedError:
    return UnauthenticatedError("invalid token")
