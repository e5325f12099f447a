"""Takes one person out of the log of merges with others who stay."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any
from uuid import UUID

from identifiers import IdentifierKey
from identity.resolution.domain.graph.persons import Said

Json = Mapping[str, Any]

_BIRTH_DATES = ("birth_dates", "verified_birth_dates")


def keys_of_images(images: Iterable[Json], ids: Iterable[UUID]) -> set[IdentifierKey]:
    """Return the identifiers that these customers had before their merges."""
    return {_key(item) for image in _of(images, ids) for item in image["identifiers"]}


def spellings_of_images(images: Iterable[Json], keys: Iterable[IdentifierKey]) -> set[str]:
    """Return how these identifiers were written."""
    wanted = set(keys)
    return {
        item["raw"] for image in images for item in image["identifiers"] if _key(item) in wanted
    }


def scrub_images(
    images: Sequence[Json],
    ids: Iterable[UUID],
    keys: Iterable[IdentifierKey],
    told: Sequence[Json],
    *,
    birth_dates: Iterable[str] = (),
) -> list[dict[str, Any]]:
    """Return the before-images of everybody else, without what came from the person.

    While the two were one, images of the other may have taken the person's identifiers (``keys``)
    and attributes (``told``, each with ``name``, ``value`` and the time ``observed_at``), and said
    their birth dates with an identifier that both used.
    """
    gone, taken = {str(customer_id) for customer_id in ids}, set(keys)
    days = set(birth_dates)
    return [
        {
            **image,
            "identifiers": [
                _without_days(item, days)
                for item in image["identifiers"]
                if _key(item) not in taken
            ],
            "attributes": {
                name: attribute
                for name, attribute in image["attributes"].items()
                if not _was_told(name, attribute, told)
            },
            "merged_ids": [merged for merged in image["merged_ids"] if merged not in gone],
        }
        for image in images
        if image["customer_id"] not in gone
    ]


def scrub_evidence(
    evidence: Sequence[Json], ids: Iterable[UUID], keys: Iterable[IdentifierKey]
) -> list[Json]:
    """Return the evidence that is not about the person."""
    gone, taken = {str(customer_id) for customer_id in ids}, set(keys)
    return [
        item for item in evidence if item.get("customer_id") not in gone and _key(item) not in taken
    ]


def _without_days(item: Json, days: AbstractSet[str]) -> Json:
    return {
        name: [said for said in value if Said.parse(said).birth_date not in days]
        if name in _BIRTH_DATES
        else value
        for name, value in item.items()
    }


def _of(images: Iterable[Json], ids: Iterable[UUID]) -> list[Json]:
    wanted = {str(customer_id) for customer_id in ids}
    return [image for image in images if image["customer_id"] in wanted]


def _key(item: Json) -> IdentifierKey:
    return IdentifierKey(str(item.get("type")), item.get("scope") or "", str(item.get("value")))


def _was_told(name: str, attribute: Json, told: Sequence[Json]) -> bool:
    return any(
        name == known["name"]
        and attribute["value"] == known["value"]
        and datetime.fromisoformat(attribute["observed_at"]) == known["observed_at"]
        for known in told
    )
