import pytest

from common.errors import ErrorCode, InvalidError
from identifiers import IdentifierKey, Rules, UnusableReason
from identity.groups.domain import contact_points
from identity.groups.domain.contact_points import (
    PresentedContactPoint,
    read_again,
    read_contact_points,
    read_external_id,
    read_key,
)
from identity.groups.domain.groups import ContactPoint, ExternalId

SWEDEN = Rules(region="SE")


def test_contact_points_are_read_by_the_normaliser_and_sorted():
    points = read_contact_points(
        [
            PresentedContactPoint("landline", "08-611 30 00"),
            PresentedContactPoint("email", "Info@Nordlys.se"),
            PresentedContactPoint("phone", "+46 8 611 30 00"),
        ],
        SWEDEN,
    )
    assert [(point.key, point.raw) for point in points] == [
        (IdentifierKey("email", "", "info@nordlys.se"), "Info@Nordlys.se"),
        (IdentifierKey("phone", "", "+4686113000"), "08-611 30 00"),
    ]


@pytest.mark.parametrize(
    ("presented", "pointer", "code"),
    [
        (("phone", "anonymous", None), "/contact_points/1/value", ErrorCode.NOT_ALLOWED),
        (("email", "nowhere", None), "/contact_points/1/value", ErrorCode.INVALID_FORMAT),
        (("messenger", "4711", None), "/contact_points/1/scope", ErrorCode.MISSING),
        (("external_id", "A-1", "crm"), "/contact_points/1/type", ErrorCode.NOT_ALLOWED),
        (("phone", "08-611 30 00", None), "/contact_points/1/value", ErrorCode.INVALID_FORMAT),
    ],
)
def test_a_contact_point_without_a_key_is_named(
    presented: tuple[str, str, str | None], pointer: str, code: ErrorCode
):
    good = PresentedContactPoint("email", "info@nordlys.se")
    with pytest.raises(InvalidError) as refused:
        read_contact_points([good, PresentedContactPoint(*presented)], Rules())
    assert [(error.pointer, error.code) for error in refused.value.errors] == [(pointer, code)]


def test_every_invalid_contact_point_is_named():
    wrong = [PresentedContactPoint("phone", "null"), PresentedContactPoint("email", "x")]
    with pytest.raises(InvalidError) as refused:
        read_contact_points(wrong, Rules())
    assert len(refused.value.errors) == 2


def test_every_reason_has_words():
    assert contact_points._WORDS.keys() == set(UnusableReason)


def test_an_external_id_is_exact_in_case():
    assert read_external_id("crm", " H-204 ") == ExternalId("crm", "H-204")
    assert read_external_id("crm", "h-204") != read_external_id("crm", "H-204")


@pytest.mark.parametrize(
    ("source", "value", "pointer"),
    [("crm", "#N/A", "/external_id/id"), ("crm", "null", "/external_id/id"),
     ("null", "H-204", "/external_id/source")],
)  # fmt: skip
def test_a_placeholder_is_no_external_id(source: str, value: str, pointer: str):
    """Households without an id would all be one."""
    with pytest.raises(InvalidError) as refused:
        read_external_id(source, value)
    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_stored_contact_points_are_read_again_by_their_spelling():
    mexican = ContactPoint(IdentifierKey("phone", "", "+5215512345678"), "+52 1 55 1234 5678")
    same = ContactPoint(IdentifierKey("phone", "", "+525512345678"), "+52 55 1234 5678")
    (read,) = read_again([mexican, same], region=None)
    assert read.key == IdentifierKey("phone", "", "+525512345678")


def test_a_contact_point_whose_spelling_needs_a_region_keeps_its_number():
    point = ContactPoint(IdentifierKey("phone", "", "+4686113000"), "08-611 30 00")
    assert read_again([point], region=None) == (point,)
    assert read_again([point], region="SE") == (point,)


def test_a_contact_point_that_has_no_key_any_more_keeps_the_old_one():
    point = ContactPoint(IdentifierKey("email", "", "nowhere"), "nowhere")
    assert read_again([point], region=None) == (point,)


def test_a_look_up_names_the_field():
    with pytest.raises(InvalidError) as refused:
        read_key(PresentedContactPoint("email", "x"), Rules(), "/identifier")
    assert [error.pointer for error in refused.value.errors] == ["/identifier/value"]
