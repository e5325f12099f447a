"""What a credential may do. Each service registers its scopes; an unknown scope grants nothing."""

from collections.abc import Iterable

from common.errors import FieldError, InvalidError

PII_READ = "pii:read"
"""Shows personal fields unmasked: the one scope that this library enforces itself."""

_registered = {PII_READ}


def register_scopes(names: Iterable[str]) -> None:
    """Make ``names`` known: routes may require them, and credentials may hold them."""
    _registered.update(names)


def registered_scopes() -> frozenset[str]:
    """Return all known scopes."""
    return frozenset(_registered)


def known_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """Return ``scopes`` as a set; raises InvalidError when it is empty or has an unknown one."""
    wanted = frozenset(scopes)
    unknown = [FieldError("/scopes", "unknown scope")] if wanted - _registered else []
    if unknown or not wanted:
        raise InvalidError("a credential needs at least one scope, all known", errors=unknown)
    return wanted
