"""The log of merges loses one person and keeps the others."""

from datetime import UTC, datetime
from uuid import UUID

from identifiers import IdentifierKey
from identity.privacy.domain.images import (
    keys_of_images,
    scrub_evidence,
    scrub_images,
    spellings_of_images,
)

ANNA, BO = UUID(int=1), UUID(int=2)
EMAIL = {"type": "email", "scope": "", "value": "anna@nordlys.se", "raw": "Anna@Nordlys.se"}
DEVICE = {"type": "device", "scope": "", "value": "dev-1", "raw": "dev-1"}
AT = "2026-03-02T12:00:00+00:00"


def image(customer_id: UUID, *identifiers: object, merged: tuple[UUID, ...] = (), **told: str):
    return {
        "customer_id": str(customer_id),
        "identifiers": list(identifiers),
        "attributes": {name: {"value": value, "observed_at": AT} for name, value in told.items()},
        "merged_ids": [str(merged_id) for merged_id in merged],
    }


def test_the_image_of_the_person_goes_and_those_of_others_stay():
    bo = image(BO, DEVICE, city="Boras")
    assert scrub_images([image(ANNA, EMAIL), bo], [ANNA], [], []) == [bo]


def test_what_another_took_over_while_the_two_were_one_goes_too():
    both = image(BO, DEVICE, EMAIL, merged=(ANNA,), city="Boras", name="Anna")
    told = [{"name": "name", "value": "Anna", "observed_at": datetime.fromisoformat(AT)}]
    key = IdentifierKey("email", "", "anna@nordlys.se")
    assert scrub_images([both], [ANNA], [key], told) == [image(BO, DEVICE, city="Boras")]


def test_the_same_value_reported_at_another_time_stays():
    bo = image(BO, name="Anna")
    told = [{"name": "name", "value": "Anna", "observed_at": datetime(2026, 1, 1, tzinfo=UTC)}]
    assert scrub_images([bo], [ANNA], [], told) == [bo]


def test_evidence_about_the_person_goes():
    mine = {"customer_id": str(ANNA), "type": "email", "scope": None, "value": "anna@nordlys.se"}
    taken = mine | {"customer_id": str(BO)}
    other = {"customer_id": str(BO), "type": "device", "scope": None, "value": "dev-1"}
    key = IdentifierKey("email", "", "anna@nordlys.se")
    assert scrub_evidence([mine, taken, other], [ANNA], [key]) == [other]


def test_identifiers_of_earlier_are_found_in_the_images():
    images = [image(ANNA, EMAIL), image(BO, DEVICE)]
    keys = keys_of_images(images, [ANNA])
    assert keys == {IdentifierKey("email", "", "anna@nordlys.se")}
    assert spellings_of_images(images, keys) == {"Anna@Nordlys.se"}


def test_the_birth_date_that_the_person_said_with_a_shared_identifier_goes():
    shared = DEVICE | {"birth_dates": ["1960-01-01", "1985-05-05"], "verified_birth_dates": []}
    images = scrub_images([image(BO, shared)], [ANNA], [], [], birth_dates=["1960-01-01"])
    assert images[0]["identifiers"] == [shared | {"birth_dates": ["1985-05-05"]}]
