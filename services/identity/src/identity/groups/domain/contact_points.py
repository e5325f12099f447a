"""Reads the contact points and external ids of groups from the caller's spelling."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from common.errors import ErrorCode, FieldError, InvalidError
from identifiers import IdentifierKey, Rules, Unusable, UnusableReason, normalise
from identity.groups.domain.groups import ContactPoint, ExternalId

EXTERNAL_ID = "external_id"

_WORDS: Mapping[UnusableReason, tuple[ErrorCode, str]] = {
    UnusableReason.BLOCKED: (ErrorCode.NOT_ALLOWED, "is a placeholder that stands for nobody"),
    UnusableReason.UNPARSEABLE: (ErrorCode.INVALID_FORMAT, "is not valid for its type"),
    UnusableReason.TOO_LONG: (ErrorCode.TOO_LONG, "is too long for its type"),
    UnusableReason.SCOPE_MISSING: (ErrorCode.MISSING, "needs a scope, in which it is unique"),
    UnusableReason.REGION_MISSING: (
        ErrorCode.INVALID_FORMAT,
        "needs a country code, such as +46; or send a default_region",
    ),
    UnusableReason.SHORT_CODE: (
        ErrorCode.INVALID_FORMAT,
        "is a short code, which is no telephone number",
    ),
    UnusableReason.SENDER_NAME: (ErrorCode.INVALID_FORMAT, "is a name, not a telephone number"),
    UnusableReason.SEVERAL: (ErrorCode.INVALID_FORMAT, "has several; send each by itself"),
}


@dataclass(frozen=True, slots=True)
class PresentedContactPoint:
    """A contact point as the caller wrote it."""

    type: str
    value: str
    scope: str | None = None


def read_contact_points(
    presented: Iterable[PresentedContactPoint], rules: Rules
) -> tuple[ContactPoint, ...]:
    """Return the contact points sorted by key; of several spellings the first one counts.

    Raises InvalidError that names each one without a key, and each external id.
    """
    points: dict[IdentifierKey, ContactPoint] = {}
    errors: list[FieldError] = []
    for place, point in enumerate(presented):
        pointer = f"/contact_points/{place}"
        key = _read(point, rules, pointer)
        if isinstance(key, FieldError):
            errors.append(key)
        elif key.type == EXTERNAL_ID:
            text = "must be an address or number that people share; see external_id"
            errors.append(FieldError(f"{pointer}/type", ErrorCode.NOT_ALLOWED, text))
        else:
            points.setdefault(key, ContactPoint(key, point.value))
    if errors:
        raise InvalidError("a contact point is invalid", errors=errors)
    return tuple(points[key] for key in sorted(points))


def read_again(points: Iterable[ContactPoint], *, region: str | None) -> tuple[ContactPoint, ...]:
    """Return stored contact points with the keys that they have now, sorted by key.

    The spelling counts. Where it cannot be read any more, the value of the old key does, and where
    that cannot be read either, the old key stays.
    """
    again: dict[IdentifierKey, ContactPoint] = {}
    for point in points:
        old = point.key
        outcome = normalise(old.type, point.raw, old.scope, Rules(region=region))
        if isinstance(outcome, Unusable):
            outcome = normalise(old.type, old.value, old.scope)
        key = old if isinstance(outcome, Unusable) else outcome.key
        again.setdefault(key, ContactPoint(key, point.raw))
    return tuple(again[key] for key in sorted(again))


def read_key(presented: PresentedContactPoint, rules: Rules, pointer: str) -> IdentifierKey:
    """Return the key of one contact point or external id. Raises InvalidError naming the field."""
    key = _read(presented, rules, pointer)
    if isinstance(key, FieldError):
        raise InvalidError("the identifier is invalid", errors=[key])
    return key


def read_external_id(source: str, value: str) -> ExternalId:
    """Return the external id in its one form. Raises InvalidError for a placeholder."""
    outcome = normalise(EXTERNAL_ID, value, source)
    if isinstance(outcome, Unusable):
        code, text = _WORDS[outcome.reason]
        member = "source" if outcome.reason is UnusableReason.SCOPE_MISSING else "id"
        raise InvalidError(
            "the external id is invalid", errors=[FieldError(f"/external_id/{member}", code, text)]
        )
    return ExternalId(outcome.key.scope, outcome.key.value)


def _read(
    presented: PresentedContactPoint, rules: Rules, pointer: str
) -> IdentifierKey | FieldError:
    outcome = normalise(presented.type, presented.value, presented.scope, rules)
    if not isinstance(outcome, Unusable):
        return outcome.key
    code, text = _WORDS[outcome.reason]
    member = "scope" if outcome.reason is UnusableReason.SCOPE_MISSING else "value"
    return FieldError(f"{pointer}/{member}", code, text)
