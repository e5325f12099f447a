from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.customers.domain.facts import (
    CustomerCreated,
    CustomersMerged,
    CustomerUpdated,
    IdentifierAdded,
)
from identity.customers.domain.identifiers import Level, Presented
from identity.resolution.domain.roster import Roster
from services.identity.tests.unit.building import (
    C,
    P,
    V,
    answer,
    customer,
    identifier,
    ids,
    levels,
    question,
    reasons,
)

ANNA, BERTA, CARLA = UUID(int=1), UUID(int=2), UUID(int=3)
MAIL, PHONE, DEVICE = "anna@nordlys.se", "+46701740605", "dev-77"


def test_an_unknown_identifier_makes_a_customer():
    roster = Roster()
    resolution = answer(roster, question(identifier("email", MAIL), name="Anna"))
    assert resolution.created
    assert resolution.version == 1
    assert [one.key.value for one in resolution.linked] == [MAIL]
    (fact,) = roster.changes.facts
    assert isinstance(fact, CustomerCreated)
    assert fact.customer.attributes["name"].value == "Anna"


def test_a_known_identifier_answers_and_changes_nothing():
    roster = Roster([customer(1, identifier("email", MAIL))])
    resolution = answer(roster, question(identifier("email", MAIL)))
    assert (resolution.customer_id, resolution.created, resolution.linked) == (ANNA, False, ())
    assert not roster.changes


def test_a_new_identifier_beside_a_known_one_is_linked():
    roster = Roster([customer(1, identifier("email", MAIL))])
    resolution = answer(roster, question(identifier("email", MAIL), identifier("phone", PHONE, P)))
    assert [one.key.value for one in resolution.linked] == [PHONE]
    assert resolution.version == 2
    (fact,) = roster.changes.facts
    assert isinstance(fact, IdentifierAdded)


def test_levels_only_go_up():
    roster = Roster([customer(1, identifier("email", MAIL, P))])
    assert answer(roster, question(identifier("email", MAIL, C))).linked == ()
    assert not roster.changes
    (better,) = answer(roster, question(identifier("email", MAIL, V))).linked
    assert better.level is Level.VERIFIED
    assert answer(roster, question(identifier("email", MAIL, P))).linked == ()


def test_one_key_in_two_spellings_counts_once_at_its_best_level():
    roster = Roster()
    shown = Presented("email", "ANNA@nordlys.se", level=P), Presented("email", MAIL)
    (linked,) = answer(roster, question(*shown)).linked
    assert linked.level is Level.CHANNEL_PROVED


def test_a_claim_never_merges_two_customers():
    roster = Roster(
        [
            customer(1, identifier("email", MAIL)),
            customer(2, identifier("phone", PHONE)),
        ]
    )
    resolution = answer(roster, question(identifier("email", MAIL, P), identifier("phone", PHONE)))
    assert (resolution.customer_id, resolution.merged) == (ANNA, ())
    assert reasons(resolution) == {PHONE: "claimed_elsewhere"}
    assert roster.owner(identifier("phone", PHONE).key) == customer(2, identifier("phone", PHONE))


def test_of_claims_alone_the_older_customer_is_meant():
    roster = Roster(
        [
            customer(1, identifier("email", MAIL)),
            customer(2, identifier("phone", PHONE), days_old=3),
        ]
    )
    resolution = answer(roster, question(identifier("email", MAIL), identifier("phone", PHONE)))
    assert resolution.customer_id == BERTA
    assert reasons(resolution) == {MAIL: "claimed_elsewhere"}


def test_proved_identifiers_join_the_customers_they_match():
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
    resolution = answer(roster, question(*shown))
    assert resolution.customer_id == BERTA
    assert resolution.merged == (ANNA, CARLA)
    assert levels(roster.find(ANNA)) == {MAIL: P, PHONE: P, DEVICE: V}
    merge = roster.changes.merges[0]
    assert [before.id for before in merge.before] == [BERTA, ANNA, CARLA]
    assert {piece["customer_id"] for piece in merge.cause.evidence} == {
        str(who) for who in (ANNA, BERTA, CARLA)
    }


def test_who_has_verified_identifiers_is_joined_by_verified_ones_only():
    def roster():
        return Roster(
            [
                customer(1, identifier("email", MAIL, V)),
                customer(2, identifier("phone", PHONE)),
            ]
        )

    shown = identifier("email", MAIL, P), identifier("phone", PHONE, P)
    refused = answer(roster(), question(*shown))
    assert (refused.customer_id, refused.merged) == (ANNA, ())
    assert reasons(refused) == {PHONE: "needs_verification"}
    shown = identifier("email", MAIL, V), identifier("phone", PHONE, P)
    assert answer(roster(), question(*shown)).merged == (BERTA,)


def test_a_stranger_to_verified_identifiers_only_claims_what_he_brings():
    roster = Roster([customer(1, identifier("email", MAIL, V))])
    shown = identifier("email", MAIL, C), identifier("phone", PHONE, P)
    answer(roster, question(*shown))
    assert levels(roster.find(ANNA)) == {MAIL: V, PHONE: C}


def test_nobody_claims_his_way_in_and_then_proves_himself():
    roster = Roster([customer(1, identifier("email", MAIL, V)), customer(2)])
    answer(roster, question(identifier("email", MAIL, C), identifier("phone", PHONE, V)))
    for _ in range(2):
        assert answer(roster, question(identifier("phone", PHONE, V))).customer_id == ANNA
        assert levels(roster.find(ANNA)) == {MAIL: V, PHONE: C}
    shown = identifier("email", MAIL, V), identifier("phone", PHONE, V)
    answer(roster, question(*shown))
    assert levels(roster.find(ANNA)) == {MAIL: V, PHONE: V}


def test_two_verified_customer_numbers_are_two_people():
    roster = Roster(
        [
            customer(1, identifier("external_id", "C-1", V, "shop"), identifier("email", MAIL, V)),
            customer(2, identifier("external_id", "C-2", V, "shop"), identifier("phone", PHONE, V)),
        ]
    )
    shown = identifier("email", MAIL, V), identifier("phone", PHONE, V)
    resolution = answer(roster, question(*shown))
    assert (resolution.customer_id, resolution.merged) == (ANNA, ())
    assert reasons(resolution) == {PHONE: "conflicting_strong_identifiers"}


def test_numbers_of_different_sources_do_not_contradict():
    roster = Roster(
        [
            customer(1, identifier("external_id", "C-1", V, "shop"), identifier("email", MAIL, V)),
            customer(2, identifier("external_id", "C-2", V, "till"), identifier("phone", PHONE, V)),
        ]
    )
    shown = identifier("email", MAIL, V), identifier("phone", PHONE, V)
    assert answer(roster, question(*shown)).merged == (BERTA,)


def test_a_shared_mailbox_does_not_make_another_number_the_same_person():
    roster = Roster(
        [customer(1, identifier("external_id", "C-1", V, "shop"), identifier("email", MAIL, V))]
    )
    shown = identifier("external_id", "C-2", V, "shop"), identifier("email", MAIL, V)
    resolution = answer(roster, question(*shown))
    assert resolution.created
    assert reasons(resolution) == {MAIL: "conflicting_strong_identifiers"}
    assert answer(roster, question(*shown)).customer_id == resolution.customer_id


def test_a_number_claimed_by_one_who_proved_another_stays_claimed():
    held = identifier("external_id", "C-1", V, "shop"), identifier("external_id", "C-2", C, "shop")
    roster = Roster([customer(1, *held)])
    shown = identifier("external_id", "C-2", V, "shop"), identifier("external_id", "C-1", V, "shop")
    resolution = answer(roster, question(*shown))
    assert (resolution.customer_id, resolution.created) == (ANNA, False)
    assert reasons(resolution) == {"C-2": "conflicting_strong_identifiers"}
    assert not roster.changes


def test_a_full_customer_takes_the_best_proved_identifiers():
    roster = Roster([customer(1, identifier("email", MAIL))])
    shown = identifier("device", "dev-a", C), identifier("device", "dev-b", P)
    resolution = answer(roster, question(identifier("email", MAIL), *shown), max_identifiers=2)
    assert [one.key.value for one in resolution.linked] == ["dev-b"]
    assert reasons(resolution) == {"dev-a": "too_many_identifiers"}


def test_a_merge_beyond_the_limit_is_refused():
    roster = Roster(
        [
            customer(1, identifier("email", MAIL)),
            customer(2, identifier("phone", PHONE)),
        ]
    )
    shown = identifier("email", MAIL, P), identifier("phone", PHONE, P)
    resolution = answer(roster, question(*shown), max_identifiers=1)
    assert reasons(resolution) == {PHONE: "too_many_identifiers"}
    assert resolution.merged == ()


def test_looking_up_never_writes():
    roster = Roster(
        [
            customer(1, identifier("email", MAIL)),
            customer(2, identifier("phone", PHONE)),
        ]
    )
    nobody = answer(roster, question(identifier("device", DEVICE, V), create=False))
    assert (nobody.customer_id, nobody.version) == (None, None)
    shown = identifier("email", MAIL, V), identifier("phone", PHONE, V)
    found = answer(roster, question(*shown, create=False, name="Anna"))
    assert (found.customer_id, found.version, found.merged) == (ANNA, 1, ())
    assert not roster.changes


def test_what_is_dropped_comes_back_as_it_was_written():
    roster = Roster()
    resolution = answer(roster, question(Presented("email", "NULL"), Presented("phone", "12 ab")))
    assert resolution.created
    assert resolution.linked == ()
    assert reasons(resolution) == {"NULL": "blocked", "12 ab": "unparseable"}


def test_every_event_of_a_batch_takes_the_next_version():
    roster = Roster()
    first = answer(roster, question(identifier("email", MAIL)))
    shown = identifier("email", MAIL), identifier("phone", PHONE), identifier("device", DEVICE)
    second = answer(roster, question(*shown, name="Anna", tier="gold"))
    assert (first.version, second.version) == (1, 4)
    assert [fact.customer.version for fact in roster.changes.facts] == [1, 2, 3, 4]
    assert isinstance(roster.changes.facts[-1], CustomerUpdated)
    assert roster.changes.facts[-1].changed == ("name", "tier")


def test_merges_in_one_batch_redirect_in_one_hop():
    roster = Roster(
        [
            customer(1, identifier("email", MAIL)),
            customer(2, identifier("phone", PHONE), days_old=1),
            customer(3, identifier("device", DEVICE), days_old=2),
        ]
    )
    answer(roster, question(identifier("email", MAIL, P), identifier("phone", PHONE, P)))
    answer(roster, question(identifier("phone", PHONE, P), identifier("device", DEVICE, P)))
    assert roster.changes.redirects == {ANNA: CARLA, BERTA: CARLA}
    assert roster.find(ANNA).id == CARLA
    absorbed = [
        fact.merge.absorbed_ids
        for fact in roster.changes.facts
        if isinstance(fact, CustomersMerged)
    ]
    assert absorbed == [(ANNA,), (ANNA, BERTA)]


KEYS = st.sampled_from(
    [
        ("email", "a@nordlys.se", ""),
        ("email", "b@nordlys.se", ""),
        ("phone", "+46701740605", ""),
        ("device", "dev-1", ""),
        ("external_id", "C-1", "shop"),
        ("external_id", "C-2", "shop"),
    ]
)
SHOWN = st.builds(
    lambda key, level: identifier(key[0], key[1], level, key[2]), KEYS, st.sampled_from(Level)
)
CUSTOMERS = st.lists(st.lists(SHOWN, max_size=3), max_size=4)


def roster_of(held):
    taken, customers = set(), []
    for number, identifiers in enumerate(held, 1):
        own = [one for one in identifiers if one.key not in taken]
        taken |= {one.key for one in own}
        customers.append(customer(number, *own, days_old=number % 2))
    return Roster(customers)


@given(CUSTOMERS, st.lists(SHOWN, min_size=1, max_size=4))
def test_the_order_of_identifiers_does_not_matter(held, shown):
    outcomes = []
    for order in permutations(shown):
        roster = roster_of(held)
        outcomes.append((answer(roster, question(*order)), roster.changes))
    assert all(outcome == outcomes[0] for outcome in outcomes)


@given(CUSTOMERS, st.lists(SHOWN, min_size=1, max_size=4))
def test_asking_again_changes_nothing_more(held, shown):
    roster = roster_of(held)
    first = answer(roster, question(*shown))
    facts = len(roster.changes.facts)
    second = answer(roster, question(*shown))
    assert second.customer_id == first.customer_id
    assert len(roster.changes.facts) == facts


@given(CUSTOMERS, st.lists(st.lists(SHOWN, min_size=1, max_size=3), max_size=8))
def test_whatever_is_asked_the_roster_stays_sound(held, asked):
    roster = roster_of(held)
    new_id = ids(1000)
    issued = {UUID(int=number) for number in range(1, len(held) + 1)}
    for shown in asked:
        resolution = answer(roster, question(*shown), max_identifiers=5, new_id=new_id)
        issued |= {resolution.customer_id}
    assert_sound(roster, issued)


def assert_sound(roster, issued):
    for issued_id in issued:
        canonical = roster.find(issued_id)
        assert canonical is not None
        assert canonical.id in roster.customer_ids
        assert issued_id == canonical.id or issued_id in canonical.merged_ids
    for customer_id in roster.customer_ids:
        who = roster.find(customer_id)
        assert who.id not in who.merged_ids
        for key in who.identifiers:
            assert roster.owner(key) == who
    assert not set(roster.changes.redirects) & set(roster.changes.redirects.values())
    versions = {}
    for fact in roster.changes.facts:
        seen = versions.get(fact.customer.id)
        if seen is not None:
            assert fact.customer.version == seen + 1
        versions[fact.customer.id] = fact.customer.version


@pytest.mark.parametrize("level", list(Level))
def test_the_survivor_is_chosen_by_proof_then_age_then_id(level):
    mail, phone = identifier("email", MAIL, level), identifier("phone", PHONE)
    older = customer(2, mail, days_old=1)
    assert min([customer(1, phone), older], key=lambda who: who.survivor_rank) == older
    assert customer(1, phone).survivor_rank < customer(2, phone).survivor_rank
    proved = customer(3, identifier("device", DEVICE, V))
    assert proved.survivor_rank < customer(1, phone, days_old=9).survivor_rank
