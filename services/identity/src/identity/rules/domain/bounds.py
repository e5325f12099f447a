"""What a customer has more of than the rules allow."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from identity.customers.domain.customers import Customer, CustomerLimits
from identity.customers.domain.identifiers import Identifier


@dataclass(frozen=True, slots=True)
class Excess:
    """A bound that a customer exceeds.

    ``bound`` is the field of the rules, or ``max_attributes``, which is the service's; ``type`` is
    the type of identifiers that it is about, if any.
    """

    bound: str
    allowed: int
    present: int
    type: str | None = None


def excesses_of(customer: Customer, limits: CustomerLimits) -> tuple[Excess, ...]:
    """Return what the customer has too much of, whoever proved it."""
    sizes = (
        Excess("max_identifiers", limits.max_identifiers, len(customer.identifiers)),
        Excess("max_attributes", limits.max_attributes, len(customer.attributes)),
    )
    exceeded = [size for size in sizes if size.present > size.allowed]
    return (*exceeded, *_excesses_of_types(customer, limits))


def _excesses_of_types(customer: Customer, limits: CustomerLimits) -> Iterator[Excess]:
    of_type: defaultdict[str, list[Identifier]] = defaultdict(list)
    for identifier in customer.identifiers.values():
        if identifier.is_proved:
            of_type[identifier.key.type].append(identifier)
    for kind, identifiers in sorted(of_type.items()):
        rule = limits.types.of(kind)
        if rule.is_exclusive and not rule.is_replaceable:
            of_scope = Counter(identifier.key.scope for identifier in identifiers)
            most = max(of_scope.values())
            if most > 1:
                yield Excess("exclusive", 1, most, kind)
        if rule.values is not None:
            times = [identifier.first_seen_at for identifier in identifiers]
            present = _most_within(times, rule.values.window)
            if present > rule.values.most:
                yield Excess("max_values", rule.values.most, present, kind)


def _most_within(times: Iterable[datetime], window: timedelta | None) -> int:
    """Return how many of the times are at most within one window; all of them without a window."""
    ordered = sorted(times)
    if window is None:
        return len(ordered)
    most = first = 0
    for last, time in enumerate(ordered):
        while time - ordered[first] > window:
            first += 1
        most = max(most, last - first + 1)
    return most
