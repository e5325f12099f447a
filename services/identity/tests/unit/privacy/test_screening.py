"""Denied identifiers are dropped; a proof that comes after the erasure lifts the denial."""

from datetime import timedelta

import pytest

from devstack.testing.fake_clock import NOON
from identifiers import IdentifierKey
from identity.customers.domain.denials import Denial, DenialKind, DenyKeys
from identity.customers.domain.identifiers import DropReason, Level, PresentedIdentifier
from identity.customers.domain.type_rules import BUILT_IN_RULES
from identity.resolution.domain.requests import ResolutionRequest, prepare
from identity.resolution.domain.screening import screen as screened_by


def screen(request, denials):
    return screened_by(request, denials, BUILT_IN_RULES)


EMAIL = IdentifierKey("email", "", "anna@nordlys.se")
PHONE = IdentifierKey("phone", "", "+46701740605")
HOUR = timedelta(hours=1)


def prepared(level: Level, *, at=NOON, is_dated: bool = True, create: bool = True):
    identifiers = (
        PresentedIdentifier("email", "anna@nordlys.se", level=level),
        PresentedIdentifier("phone", "+46701740605"),
    )
    request = ResolutionRequest(identifiers, {}, create, at, is_dated=is_dated)
    return prepare(request, now=NOON)


def denied(kind: DenialKind, *keys: IdentifierKey):
    return dict.fromkeys(keys, (Denial(kind, NOON - HOUR),))


def test_without_denials_a_request_stays_as_it_is():
    request = prepared(Level.CLAIMED)
    assert screen(request, {}).request is request


@pytest.mark.parametrize("kind", DenialKind)
def test_a_denied_identifier_is_dropped_and_others_stay(kind: DenialKind):
    screened = screen(prepared(Level.CLAIMED), denied(kind, EMAIL))
    assert [identifier.key for identifier in screened.request.identifiers] == [PHONE]
    assert [dropped.reason for dropped in screened.request.dropped] == [DropReason(kind)]
    assert screened.lifted == frozenset()


@pytest.mark.parametrize("kind", ["device", "cookie"])
def test_a_device_does_not_stand_for_somebody_else_beside_an_erased_address(kind: str):
    presented = (
        PresentedIdentifier("email", "anna@nordlys.se"),
        PresentedIdentifier(kind, "d-1", level=Level.CHANNEL_PROVED),
    )
    request = prepare(ResolutionRequest(presented, {}, create=True, observed_at=NOON), now=NOON)
    assert screen(request, denied(DenialKind.ERASED, EMAIL)).request.identifiers == ()
    suppressed = screen(request, denied(DenialKind.SUPPRESSED, EMAIL)).request
    assert [identifier.key.type for identifier in suppressed.identifiers] == [kind]


def test_a_later_proof_lifts_the_denials_of_all_identifiers_beside_it():
    screened = screen(prepared(Level.VERIFIED), denied(DenialKind.ERASED, EMAIL, PHONE))
    assert screened.lifted == {EMAIL, PHONE}
    assert screened.request.dropped == ()


@pytest.mark.parametrize(
    "request_",
    [
        prepared(Level.CHANNEL_PROVED),
        prepared(Level.VERIFIED, at=NOON - 2 * HOUR),
        prepared(Level.VERIFIED, at=NOON - HOUR),
        prepared(Level.VERIFIED, is_dated=False),
        prepared(Level.VERIFIED, create=False),
    ],
    ids=["unverified", "before", "at once", "undated", "look-up"],
)
def test_nothing_else_lifts_it(request_):
    screened = screen(request_, denied(DenialKind.ERASED, EMAIL, PHONE))
    assert screened.lifted == frozenset()
    assert screened.request.identifiers == ()


def test_a_proof_does_not_lift_a_suppression():
    denials = {EMAIL: tuple(Denial(kind, NOON - HOUR) for kind in DenialKind)}
    screened = screen(prepared(Level.VERIFIED), denials)
    assert [dropped.reason for dropped in screened.request.dropped] == [DropReason.SUPPRESSED]


def test_a_hash_depends_on_secret_tenant_and_every_part_of_the_identifier():
    one, two = DenyKeys(["a" * 32]), DenyKeys(["b" * 32, "a" * 32])
    digests = {
        one.digest("demo", EMAIL),
        one.digest("other", EMAIL),
        one.digest("demo", PHONE),
        two.digest("demo", EMAIL),
        one.digest("demo", IdentifierKey("x", "ab", "c")),
        one.digest("demo", IdentifierKey("x", "a", "bc")),
    }
    assert len(digests) == 6
    assert one.digest("demo", EMAIL) in two.digests("demo", EMAIL)


def test_without_a_secret_there_are_no_hashes():
    with pytest.raises(ValueError, match="secret"):
        DenyKeys([])
