"""What is wrong with the rules that a tenant wants to save."""

from collections.abc import Collection, Iterator

from common.errors import ErrorCode, FieldError, did_you_mean, nearest
from common.jsons import pointer_to
from identifiers import ALIASES, BUILT_IN_TYPES
from identity.customers.domain.type_rules import BUILT_IN_RULES, Rank
from identity.registry.domain.blocked import (
    MAX_TOTAL_WEIGHT,
    BlockedValue,
    Match,
    UnusablePatternError,
    compile_pattern,
    weight_of,
)
from identity.registry.domain.registered_type import Category, RegisteredType
from identity.registry.domain.rule_set import RuleSet, TypeSettings


def errors_in(
    rules: RuleSet, registered: Collection[RegisteredType], *, most_identifiers: int
) -> list[FieldError]:
    """Return what is wrong, field by field; ``most_identifiers`` is the service's limit."""
    types = {entry.type: entry for entry in registered}
    errors: list[FieldError] = []
    if rules.max_identifiers > most_identifiers:
        detail = f"must be at most {most_identifiers:,}, which is the most that this service allows"
        errors.append(FieldError("/max_identifiers", ErrorCode.OUT_OF_RANGE, detail))
    for kind, settings in rules.types.items():
        place = pointer_to(["types", kind])
        unknown = _unknown_type(place, kind, types)
        if unknown is not None:
            errors.append(unknown)
            continue
        entry = types.get(kind)
        is_device = BUILT_IN_RULES.of(kind).rank is Rank.DEVICE or (
            entry is not None and entry.category is Category.DEVICE
        )
        errors += _errors_in_type(place, settings, is_device=is_device)
    return [*errors, *_errors_in_blocked(rules, types)]


def _unknown_type(place: str, kind: str, registered: Collection[str]) -> FieldError | None:
    if kind in ALIASES:
        detail = f"is another name of {ALIASES[kind]}; use that"
        return FieldError(place, ErrorCode.NOT_ALLOWED, detail)
    names = {*BUILT_IN_TYPES, *registered}
    if kind in names:
        return None
    near = nearest(kind, sorted(names))
    detail = f"is no type of identifiers; register it first{did_you_mean(near)}"
    return FieldError(place, ErrorCode.NOT_FOUND, detail, near=near)


def _errors_in_type(place: str, settings: TypeSettings, *, is_device: bool) -> Iterator[FieldError]:
    wrong = ErrorCode.INVALID_COMBINATION
    if settings.exclusive and is_device:
        detail = "must be false for a device, which several people may use"
        yield FieldError(f"{place}/exclusive", wrong, detail)
    if settings.exclusive and settings.max_values is not None and settings.max_values > 1:
        detail = "must be 1 or absent, because a customer has one value of an exclusive type"
        yield FieldError(f"{place}/max_values", wrong, detail)
    if settings.replaceable and settings.exclusive is False:
        detail = "must be false unless the type is exclusive"
        yield FieldError(f"{place}/replaceable", wrong, detail)
    for window, cap in (
        ("values_window_days", "max_values"),
        ("neighbours_window_days", "max_neighbours"),
    ):
        if getattr(settings, window) is not None and getattr(settings, cap) is None:
            detail = f"must be absent without {cap}, to which it belongs"
            yield FieldError(f"{place}/{window}", wrong, detail)


def _errors_in_blocked(rules: RuleSet, registered: Collection[str]) -> Iterator[FieldError]:
    first: dict[BlockedValue, int] = {}
    weight = 0
    for index, entry in enumerate(rules.blocked):
        place = pointer_to(["blocked", index])
        if entry.type is not None:
            unknown = _unknown_type(f"{place}/type", entry.type, registered)
            if unknown is not None:
                yield unknown
        earlier = first.setdefault(entry, index)
        if earlier != index:
            yield FieldError(place, ErrorCode.DUPLICATE, f"is the same as entry {earlier}")
        if entry.match is not Match.PATTERN:
            continue
        try:
            compile_pattern(entry.value)
        except UnusablePatternError as error:
            yield FieldError(f"{place}/value", ErrorCode.INVALID_FORMAT, str(error))
        weight += weight_of(entry.value)
    if weight > MAX_TOTAL_WEIGHT:
        detail = "have patterns that are too long together; block exact values where you can"
        yield FieldError("/blocked", ErrorCode.TOO_LONG, detail)
