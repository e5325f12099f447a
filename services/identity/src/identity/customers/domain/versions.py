"""The values that were reported for customers, as far as a unit of work needs them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from identity.customers.domain.attributes import Observation, Version
from identity.customers.domain.customers import Customer


class VersionsNotLoadedError(Exception):
    """What was reported for these customer ids is needed, and is not loaded."""

    def __init__(self, ids: Iterable[UUID]) -> None:
        super().__init__("versions of attributes are not loaded")
        self.ids = frozenset(ids)


@dataclass(frozen=True, slots=True)
class Share:
    """What leaves with the identifiers that carried it: values observed in a period, if any."""

    carriers: tuple[str, ...]
    to_id: UUID
    since: datetime | None = None
    until: datetime | None = None

    def holds(self, observed_at: datetime) -> bool:
        return (self.since is None or observed_at >= self.since) and (
            self.until is None or observed_at < self.until
        )


@dataclass(frozen=True, slots=True)
class Departure:
    """Shares that leave what was reported for the customer ids ``origins``."""

    origins: tuple[UUID, ...]
    shares: tuple[Share, ...]


class Versions:
    """What was reported for customer ids: all that is stored, and what this unit of work adds."""

    def __init__(self) -> None:
        self._of_origin: defaultdict[UUID, list[Version]] = defaultdict(list)
        self._loaded: set[UUID] = set()
        self._is_needed = True

    def load(self, ids: Collection[UUID], versions: Iterable[Version]) -> None:
        """Add all that is stored of these ids; what was added before must not be stored yet."""
        self._loaded.update(ids)
        for version in versions:
            self._of_origin[version.origin_id].append(version)

    def do_without(self) -> None:
        """Work with the values that count only: what is planned here is not written."""
        self._is_needed = False

    def begin(self, customer_id: UUID) -> None:
        """Note that a customer is new, so that nothing of it is stored."""
        self._loaded.add(customer_id)

    def add(self, customer_id: UUID, observations: Iterable[Observation]) -> None:
        self._of_origin[customer_id] += [
            Version(customer_id, observation.name, observation.value)
            for observation in observations
            if not observation.is_claim
        ]

    def of(self, customer: Customer) -> list[Version]:
        """Return what was reported for any id of the customer, the values that count included.

        Raises VersionsNotLoadedError if some of it is not loaded.
        """
        origins = {customer.id, *customer.merged_ids}
        if self._is_needed and not origins <= self._loaded:
            raise VersionsNotLoadedError(origins - self._loaded)
        kept = [version for origin in sorted(origins) for version in self._of_origin[origin]]
        current = (Version(customer.id, *item) for item in sorted(customer.attributes.items()))
        return kept + [version for version in current if not _is_among(version, kept)]

    def move(self, leaving: Mapping[UUID, Sequence[Version]]) -> None:
        """Have versions belong to other customers, by the ids of these."""
        for to_id, versions in leaving.items():
            for version in versions:
                of_origin = self._of_origin[version.origin_id]
                if version in of_origin:
                    of_origin.remove(version)
                self._of_origin[to_id].append(replace(version, origin_id=to_id))


def _is_among(version: Version, kept: Iterable[Version]) -> bool:
    return any(
        version.name == other.name
        and replace(version.value, ingested_at=other.value.ingested_at) == other.value
        for other in kept
    )
