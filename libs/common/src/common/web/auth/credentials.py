"""What the ``Authorization`` header of a request says, before anybody knows whether it is true.

Several layers look at a request's credential. It is parsed, hashed and verified once for all of
them, and kept in the request's ``Exchange``.
"""

import hashlib
from dataclasses import dataclass

from pydantic import SecretStr

from common.web.auth.api_keys import digest_of, parse_key
from common.web.auth.jwt import UnverifiedToken


@dataclass(frozen=True, slots=True)
class PresentedKey:
    """A well-formed API key, with the digest of its secret."""

    environment: str
    key_id: str
    digest: bytes


@dataclass(slots=True)
class PresentedToken:
    """A bearer token of any form; ``name`` is its digest.

    ``unverified`` is what it says, once it has been parsed. A ``refused`` token is not verified
    again.
    """

    text: str
    name: bytes
    unverified: UnverifiedToken | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Unusable:
    """A header that has no credential in it, or is ``absent``."""

    absent: bool


Credential = PresentedKey | PresentedToken | Unusable


def read_credential(authorization: str | None, pepper: SecretStr) -> Credential:
    """Return what the header presents; looks nothing up."""
    scheme, _, token = (authorization or "").partition(" ")
    if not token or scheme.lower() != "bearer":
        return Unusable(absent=authorization is None)
    if not token.startswith("tl_"):
        return PresentedToken(token, hashlib.sha256(token.encode("utf-8", "replace")).digest())
    parts = parse_key(token)
    if parts is None:
        return Unusable(absent=False)
    return PresentedKey(parts.environment, parts.key_id, digest_of(parts.secret, pepper))
