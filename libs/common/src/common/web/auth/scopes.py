"""What a credential may do. A credential has a set of these; an unknown one grants nothing."""

from collections.abc import Iterable

from common.errors import FieldError, InvalidError

CONTEXT_READ = "context:read"
INTERACTIONS_WRITE = "interactions:write"
IDENTITY_WRITE = "identity:write"
IDENTITY_ADMIN = "identity:admin"
SLA_READ = "sla:read"
SLA_ADMIN = "sla:admin"
PRIVACY_ADMIN = "privacy:admin"
PII_READ = "pii:read"

SCOPES = frozenset(
    {
        CONTEXT_READ,
        INTERACTIONS_WRITE,
        IDENTITY_WRITE,
        IDENTITY_ADMIN,
        SLA_READ,
        SLA_ADMIN,
        PRIVACY_ADMIN,
        PII_READ,
    }
)


def known_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """Return ``scopes`` as a set; raises InvalidError for one that does not exist, or for none."""
    wanted = frozenset(scopes)
    unknown = [FieldError("/scopes", "unknown scope")] if wanted - SCOPES else []
    if unknown or not wanted:
        raise InvalidError("a credential needs at least one scope, all known", errors=unknown)
    return wanted
