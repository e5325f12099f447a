"""Requests with their identifiers normalised: by which rules, and what is left out."""

import pytest

from identifiers import UnusableReason
from identity.customers.domain.identifiers import DropReason, Level, PresentedIdentifier
from identity.resolution.domain.requests import PreparedRequest, ResolutionRequest, prepare
from services.identity.tests.unit.builders import NOW

P, V = Level.CHANNEL_PROVED, Level.VERIFIED


def prepared(
    *identifiers: PresentedIdentifier, source: str | None = None, region: str | None = None
) -> PreparedRequest:
    request = ResolutionRequest(
        identifiers, {}, create=True, observed_at=NOW, source=source, region=region
    )
    return prepare(request, now=NOW)


def test_spellings_of_one_identifier_count_once_at_the_best_level():
    request = prepared(
        PresentedIdentifier("phone", "+44 20 7946 0018", level=P),
        PresentedIdentifier("whatsapp", "442079460018", level=V),
        PresentedIdentifier("sms", "tel:+44-20-7946-0018"),
    )
    (identifier,) = request.identifiers
    assert identifier.key == ("phone", "", "+442079460018")
    assert identifier.level is V
    assert identifier.raw == "442079460018"


def test_the_region_of_the_request_reads_national_numbers():
    national = PresentedIdentifier("phone", "070-174 06 05")
    assert prepared(national, region="SE").identifiers[0].key.value == "+46701740605"
    assert prepared(national).dropped[0].reason is DropReason.REGION_MISSING


def test_the_source_of_the_request_is_the_scope_of_its_customer_numbers():
    number = PresentedIdentifier("external_id", "1001")
    shop, erp = prepared(number, source="shop"), prepared(number, source="erp")
    assert [r.identifiers[0].key.scope for r in (shop, erp)] == ["shop", "erp"]
    assert prepared(number).dropped[0].reason is DropReason.SCOPE_MISSING


@pytest.mark.parametrize("reason", UnusableReason)
def test_every_reason_of_the_normaliser_is_a_reason_to_drop(reason):
    assert DropReason(reason).value == reason.value


def test_what_is_dropped_is_shown_as_it_was_written():
    written = PresentedIdentifier("phone", " Anonymous ", level=P)
    (dropped,) = prepared(written).dropped
    assert (dropped.presented, dropped.reason) == (written, DropReason.BLOCKED)
