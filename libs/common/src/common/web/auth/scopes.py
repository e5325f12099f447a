"""What a credential may do. Each service registers its scopes; an unknown scope grants nothing."""

from collections.abc import Iterable

from common.errors import ErrorCode, FieldError, InvalidError

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
    every = sorted(_registered)
    wrong = [
        FieldError.not_allowed("/scopes", scope, every) for scope in sorted(wanted - _registered)
    ]
    if not wanted:
        wrong = [FieldError("/scopes", ErrorCode.TOO_FEW, "must not be empty", tuple(every))]
    if wrong:
        raise InvalidError(f"a credential needs scopes: {wrong[0].detail}", errors=wrong)
    return wanted
