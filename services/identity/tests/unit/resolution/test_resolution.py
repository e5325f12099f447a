from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from identity.customers.domain.changes import (
    CustomerCreated,
    CustomersMerged,
    CustomerUpdated,
    IdentifierAdded,
)
from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import Level, PresentedIdentifier
from identity.customers.domain.type_rules import BUILT_IN_RULES
from identity.resolution.domain.roster import Roster
from services.identity.tests.unit.builders import (
    NOW,
    C,
    P,
    V,
    customer,
    identifier,
    ids,
    levels,
    reasons,
    request,
    resolve,
)

ANNA, BERTA, CARLA = UUID(int=1), UUID(int=2), UUID(int=3)
MAIL, PHONE, DEVICE = "anna@nordlys.se", "+46701740605", "dev-77"


def found(roster: Roster, customer_id: UUID) -> Customer:
    customer = roster.find(customer_id)
    assert customer is not None
    return customer


def test_an_unknown_identifier_creates_a_customer():
    roster = Roster()
    resolution = resolve(roster, request(identifier("email", MAIL), name="Anna"))
    assert resolution.created
    assert resolution.version == 1
    assert [linked.key.value for linked in resolution.linked] == [MAIL]
    (change,) = roster.pending.changes
    assert isinstance(change, CustomerCreated)
    assert change.customer.attributes["name"].value == "Anna"


def test_a_known_identifier_resolves_and_changes_nothing():
    roster = Roster([customer(1, identifier("email", MAIL))])
    resolution = resolve(roster, request(identifier("email", MAIL)))
    assert (resolution.customer_id, resolution.created, resolution.linked) == (ANNA, False, ())
    assert not roster.pending


def test_a_new_identifier_beside_a_known_one_is_linked():
    roster = Roster([customer(1, identifier("email", MAIL, P))])
    shown = identifier("email", MAIL, P), identifier("phone", PHONE, P)
    resolution = resolve(roster, request(*shown))
    assert [linked.key.value for linked in resolution.linked] == [PHONE]
    assert resolution.version == 2
    (change,) = roster.pending.changes
    assert isinstance(change, IdentifierAdded)


def test_levels_only_go_up():
    roster = Roster([customer(1, identifier("email", MAIL, P))])
    assert resolve(roster, request(identifier("email", MAIL, P))).linked == ()
    assert not roster.pending
    (better,) = resolve(roster, request(identifier("email", MAIL, V))).linked
    assert better.level is Level.VERIFIED
    assert resolve(roster, request(identifier("email", MAIL, P))).linked == ()


def test_one_key_in_two_spellings_counts_once_at_its_best_level():
    roster = Roster()
    shown = (
        PresentedIdentifier("email", "ANNA@nordlys.se", level=P),
        PresentedIdentifier("email", MAIL),
    )
    (linked,) = resolve(roster, request(*shown)).linked
    assert linked.level is Level.CHANNEL_PROVED


def test_a_claim_never_merges_two_customers():
    roster = Roster(
        [
            customer(1, identifier("email", MAIL)),
            customer(2, identifier("phone", PHONE)),
        ]
    )
    resolution = resolve(roster, request(identifier("email", MAIL, P), identifier("phone", PHONE)))
    assert (resolution.customer_id, resolution.merged) == (ANNA, ())
    assert reasons(resolution) == {PHONE: "claimed_elsewhere"}
    assert roster.owner(identifier("phone", PHONE).key) == customer(2, identifier("phone", PHONE))


def test_claims_alone_resolve_to_the_older_customer():
    roster = Roster(
        [
            customer(1, identifier("email", MAIL)),
            customer(2, identifier("phone", PHONE), days_old=3),
        ]
    )
    resolution = resolve(roster, request(identifier("email", MAIL), identifier("phone", PHONE)))
    assert resolution.customer_id == BERTA
    assert reasons(resolution) == {MAIL: "claimed_elsewhere"}


def test_proved_identifiers_merge_the_customers_they_match():
    roster = Roster(
        [
            customer(1, identifier("email", MAIL)),
            customer(2, identifier("phone", PHONE), days_old=3),
            customer(3, identifier("device", DEVICE)),
        ]
    )
    shown = (
        identifier("email", MAIL, P),
        identifier("phone", PHONE, P),
        identifier("device", DEVICE, V),
    )
    resolution = resolve(roster, request(*shown))
    assert resolution.customer_id == BERTA
    assert resolution.merged == (ANNA, CARLA)
    assert levels(found(roster, ANNA)) == {MAIL: P, PHONE: P, DEVICE: V}
    merge = roster.pending.merges[0]
    assert [before.id for before in merge.before] == [BERTA, ANNA, CARLA]
    assert {piece["customer_id"] for piece in merge.cause.evidence} == {
        str(customer_id) for customer_id in (ANNA, BERTA, CARLA)
    }


LATER = NOW + timedelta(hours=1)


def test_only_verification_merges_two_persons_one_of_whom_is_verified():
    def roster():
        berta = identifier("phone", PHONE, P), identifier("telegram", "berta", P)
        return Roster([customer(1, identifier("email", MAIL, V)), customer(2, *berta)])

    shown = identifier("email", MAIL, P), identifier("phone", PHONE, P)
    refused = resolve(roster(), request(*shown, at=LATER))
    assert (refused.customer_id, refused.merged) == (ANNA, ())
    assert reasons(refused) == {PHONE: "needs_verification"}
    shown = identifier("email", MAIL, V), identifier("phone", PHONE, V)
    assert resolve(roster(), request(*shown, at=LATER)).merged == (BERTA,)


def test_a_single_identifier_may_join_a_verified_customer():
    roster = Roster([customer(1, identifier("email", MAIL, V)), customer(2)])
    shown = identifier("email", MAIL, P), identifier("phone", PHONE, P)
    resolve(roster, request(*shown, at=LATER))
    assert levels(found(roster, ANNA)) == {MAIL: V, PHONE: P}


def test_an_identifier_that_joined_stays_when_it_is_verified_later():
    roster = Roster([customer(1, identifier("email", MAIL, V))])
    shown = identifier("email", MAIL, P), identifier("phone", PHONE, P)
    resolve(roster, request(*shown, at=LATER))
    alone = resolve(roster, request(identifier("phone", PHONE, V), at=LATER + timedelta(hours=1)))
    assert (alone.customer_id, alone.split) == (ANNA, ())
    assert levels(found(roster, ANNA)) == {MAIL: V, PHONE: V}


def test_who_claims_an_address_is_somebody_else_and_changes_nothing():
    roster = Roster([customer(1, identifier("email", MAIL, V))])
    shown = identifier("phone", PHONE, P), identifier("email", MAIL, C)
    claimant = resolve(roster, request(*shown, name="Mallory"))
    assert claimant.created
    assert claimant.customer_id not in {None, ANNA}
    assert [claim.key.value for claim in claimant.claimed] == [MAIL]
    assert reasons(claimant) == {MAIL: "claimed_elsewhere"}
    assert levels(found(roster, ANNA)) == {MAIL: V}
    assert found(roster, ANNA).attributes == {}
    changes = len(roster.pending.changes)
    assert resolve(roster, request(*shown)).customer_id == claimant.customer_id
    assert len(roster.pending.changes) == changes
    assert resolve(roster, request(identifier("email", MAIL, C))).customer_id == (
        claimant.customer_id
    )


def test_an_attacker_cannot_claim_an_identifier_and_then_prove_it():
    roster = Roster([customer(1, identifier("email", MAIL, V)), customer(2)])
    shown = identifier("email", MAIL, C), identifier("phone", PHONE, V)
    attacker = resolve(roster, request(*shown)).customer_id
    for _ in range(2):
        assert resolve(roster, request(identifier("phone", PHONE, V))).customer_id == attacker
        assert levels(found(roster, ANNA)) == {MAIL: V}
    shown = identifier("email", MAIL, V), identifier("phone", PHONE, V)
    resolve(roster, request(*shown))
    assert levels(found(roster, ANNA)) == {MAIL: V, PHONE: V}


@pytest.mark.parametrize("level", [P, V])
def test_the_owner_of_an_address_gets_a_customer_of_its_own(level):
    roster, new_id = Roster(), ids()
    cookie = identifier("cookie", "evil", P)
    claim = request(cookie, identifier("email", MAIL, C))
    stranger = resolve(roster, claim, new_id=new_id).customer_id
    proof = request(identifier("email", MAIL, level), name="Victim")
    owner = resolve(roster, proof, new_id=new_id)
    assert stranger is not None
    assert owner.created
    assert owner.customer_id != stranger
    assert resolve(roster, request(cookie)).customer_id == stranger
    assert levels(found(roster, stranger)) == {"evil": P}
    assert resolve(roster, request(identifier("email", MAIL, C))).customer_id == stranger


@pytest.mark.parametrize("level", [P, V])
def test_who_only_claimed_an_address_goes_on_when_it_is_proved(level):
    roster = Roster()
    form = resolve(roster, request(identifier("email", MAIL, C), name="Anna"))
    mail = resolve(roster, request(identifier("email", MAIL, level)))
    assert (mail.customer_id, mail.created) == (form.customer_id, False)
    assert [linked.level for linked in mail.linked] == [level]
    assert form.customer_id is not None
    assert found(roster, form.customer_id).attributes["name"].value == "Anna"


def test_two_verified_customer_numbers_are_two_people():
    roster = Roster(
        [
            customer(1, identifier("external_id", "C-1", V, "shop"), identifier("email", MAIL, V)),
            customer(2, identifier("external_id", "C-2", V, "shop"), identifier("phone", PHONE, V)),
        ]
    )
    shown = identifier("email", MAIL, V), identifier("phone", PHONE, V)
    resolution = resolve(roster, request(*shown))
    assert (resolution.customer_id, resolution.merged) == (ANNA, ())
    assert reasons(resolution) == {PHONE: "conflicting_strong_identifiers"}


def test_customer_numbers_of_different_sources_do_not_conflict():
    roster = Roster(
        [
            customer(1, identifier("external_id", "C-1", V, "shop"), identifier("email", MAIL, V)),
            customer(2, identifier("external_id", "C-2", V, "till"), identifier("phone", PHONE, V)),
        ]
    )
    shown = identifier("email", MAIL, V), identifier("phone", PHONE, V)
    assert resolve(roster, request(*shown)).merged == (BERTA,)


def test_a_shared_mailbox_does_not_merge_two_customer_numbers():
    roster = Roster(
        [customer(1, identifier("external_id", "C-1", V, "shop"), identifier("email", MAIL, V))]
    )
    shown = identifier("external_id", "C-2", V, "shop"), identifier("email", MAIL, V)
    resolution = resolve(roster, request(*shown))
    assert resolution.created
    assert reasons(resolution) == {MAIL: "conflicting_strong_identifiers"}
    assert resolve(roster, request(*shown)).customer_id == resolution.customer_id


def test_a_second_customer_number_of_one_source_is_another_person():
    held = identifier("external_id", "C-1", V, "shop"), identifier("external_id", "C-2", C, "shop")
    roster = Roster([customer(1, *held)])
    shown = identifier("external_id", "C-2", V, "shop"), identifier("external_id", "C-1", V, "shop")
    resolution = resolve(roster, request(*shown))
    assert (resolution.customer_id, resolution.created) == (ANNA, False)
    assert reasons(resolution) == {"C-2": "conflicting_strong_identifiers"}
    assert levels(found(roster, ANNA)) == {"C-1": V}


def test_a_customer_near_its_limit_keeps_the_best_proved_identifiers():
    roster = Roster([customer(1, identifier("email", MAIL, P))])
    shown = identifier("device", "dev-a", C), identifier("device", "dev-b", P)
    asked = request(identifier("email", MAIL, P), *shown)
    resolution = resolve(roster, asked, max_identifiers=2)
    assert [linked.key.value for linked in resolution.linked] == ["dev-b"]
    assert reasons(resolution) == {"dev-a": "too_many_identifiers"}


def test_a_merge_beyond_the_limit_is_refused():
    roster = Roster(
        [
            customer(1, identifier("email", MAIL)),
            customer(2, identifier("phone", PHONE)),
        ]
    )
    shown = identifier("email", MAIL, P), identifier("phone", PHONE, P)
    resolution = resolve(roster, request(*shown), max_identifiers=1)
    assert reasons(resolution) == {PHONE: "too_many_identifiers"}
    assert resolution.merged == ()


def test_a_look_up_never_writes():
    roster = Roster(
        [
            customer(1, identifier("email", MAIL)),
            customer(2, identifier("phone", PHONE)),
        ]
    )
    nobody = resolve(roster, request(identifier("device", DEVICE, V), create=False))
    assert (nobody.customer_id, nobody.version, nobody.reason) == (None, None, "no_match")
    shown = identifier("email", MAIL, V), identifier("phone", PHONE, V)
    found = resolve(roster, request(*shown, create=False, name="Anna"))
    assert (found.customer_id, found.version, found.merged) == (ANNA, 1, ())
    assert not roster.pending


def test_dropped_identifiers_are_returned_as_written():
    roster = Roster()
    resolution = resolve(
        roster,
        request(
            PresentedIdentifier("email", "NULL"),
            PresentedIdentifier("phone", "+12 ab"),
            identifier("device", DEVICE),
        ),
    )
    assert resolution.created
    assert [linked.key.value for linked in resolution.linked] == [DEVICE]
    assert reasons(resolution) == {"NULL": "blocked", "+12 ab": "unparseable"}


@pytest.mark.parametrize("create", [True, False])
def test_nobody_is_created_of_nothing_usable(create):
    roster = Roster()
    resolution = resolve(
        roster,
        request(PresentedIdentifier("email", "n/a"), create=create, name="Walk-in"),
    )
    assert (resolution.customer_id, resolution.reason) == (None, "nothing_usable")
    assert reasons(resolution) == {"n/a": "blocked"}
    assert not roster.pending


def test_every_change_of_a_batch_takes_the_next_version():
    roster = Roster()
    first = resolve(roster, request(identifier("email", MAIL)))
    shown = identifier("email", MAIL), identifier("phone", PHONE), identifier("device", DEVICE)
    second = resolve(roster, request(*shown, name="Anna", tier="gold"))
    assert (first.version, second.version) == (1, 4)
    assert [change.customer.version for change in roster.pending.changes] == [1, 2, 3, 4]
    assert isinstance(roster.pending.changes[-1], CustomerUpdated)
    assert roster.pending.changes[-1].changed == ("name", "tier")


def test_merges_in_one_batch_redirect_in_one_hop():
    roster = Roster(
        [
            customer(1, identifier("email", MAIL)),
            customer(2, identifier("phone", PHONE), days_old=1),
            customer(3, identifier("device", DEVICE), days_old=2),
        ]
    )
    resolve(roster, request(identifier("email", MAIL, P), identifier("phone", PHONE, P)))
    resolve(roster, request(identifier("phone", PHONE, P), identifier("device", DEVICE, P)))
    assert roster.pending.redirects == {ANNA: BERTA, CARLA: BERTA}
    assert found(roster, ANNA).id == BERTA
    absorbed = [
        change.merge.absorbed_ids
        for change in roster.pending.changes
        if isinstance(change, CustomersMerged)
    ]
    assert absorbed == [(ANNA,), (CARLA,)]


@pytest.mark.parametrize("level", list(Level))
def test_the_survivor_is_chosen_by_proof_then_age_then_id(level):
    mail, phone = identifier("email", MAIL, level), identifier("phone", PHONE)
    older = customer(2, mail, days_old=1)
    assert min([customer(1, phone), older], key=_survivor_rank) == older
    assert _survivor_rank(customer(1, phone)) < _survivor_rank(customer(2, phone))
    proved = customer(3, identifier("device", DEVICE, V))
    assert _survivor_rank(proved) < _survivor_rank(customer(1, phone, days_old=9))


def _survivor_rank(candidate: Customer) -> tuple[Any, ...]:
    return candidate.survivor_rank(BUILT_IN_RULES)


def test_a_refused_identifier_is_returned_as_written_in_type_and_scope():
    """Its caller would not recognise it by the type of its key, and take it for linked."""
    roster = Roster(
        [
            customer(1, identifier("email", MAIL, V)),
            customer(2, identifier("phone", "+442079460018", V)),
        ]
    )
    written = PresentedIdentifier("whatsapp", "442079460018", "shop", C)
    resolution = resolve(roster, request(identifier("email", MAIL, V), written))
    [dropped] = resolution.dropped
    assert (dropped.presented, dropped.reason) == (written, "claimed_elsewhere")
