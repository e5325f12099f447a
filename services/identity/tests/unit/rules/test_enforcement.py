"""What is simulated is what happens, and what happens is what the rules say of the evidence."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identifiers import IdentifierKey
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.identifiers import Level, PresentedIdentifier
from identity.registry.domain.blocked import BlockedValue, BlockedValues, Match
from identity.registry.domain.rule_set import RuleSet, TypeSettings, limits_of
from identity.registry.domain.tenant_rules import TenantRules
from identity.resolution.domain.context import Context
from identity.resolution.domain.requests import ResolutionRequest, prepare
from identity.resolution.domain.resolution import resolve
from identity.resolution.domain.roster import Roster
from identity.rules.domain.effects import Effect, counts_of, first_of_each
from identity.rules.domain.enforcement import Enforcer
from services.identity.tests.unit.builders import (
    NOW,
    C,
    P,
    V,
    assert_sound,
    customer,
    identifier,
    ids,
)

SERVICE = CustomerLimits(max_identifiers=8, max_neighbours=3, repeat_window=timedelta())
LATER = NOW + timedelta(days=400)


VALUES = {
    "email": ["a@nordlys.se", "b@nordlys.se", "c@nordlys.se", "d@nordlys.se"],
    "phone": ["+46701740601", "+46701740602", "+46701740603"],
    "external_id": ["n1", "n2", "n3"],
    "loyalty_id": ["l1", "l2"],
    "cookie": ["c1", "c2"],
}
KEYS = sorted(
    IdentifierKey(kind, "shop" if kind.endswith("_id") else "", value)
    for kind, values in VALUES.items()
    for value in values
)


class Seen(NamedTuple):
    """An event: what was presented together, on which day."""

    day: int
    shown: tuple[tuple[str, str, Level], ...]


def rules(service: CustomerLimits = SERVICE, **said: Any) -> TenantRules:
    """Return what a version that says so makes of the service's settings."""
    draft = replace(RuleSet.of_service(service), version=1, **said)
    return TenantRules(limits_of(draft, {}, service), service, blocked=BlockedValues(draft.blocked))


BEFORE = rules()


def replayed(events: Iterable[Seen], by: TenantRules = BEFORE) -> Roster:
    roster, new_id = Roster(), ids()
    for event in events:
        presented = tuple(
            PresentedIdentifier(kind, value, "shop" if kind.endswith("_id") else None, level)
            for kind, value, level in event.shown
        )
        at = NOW + timedelta(days=event.day)
        request = ResolutionRequest(presented, {}, create=True, observed_at=at, rules=by)
        resolve(roster, prepare(request, now=LATER), Context(by.limits, LATER, new_id))
    return roster


def stored(roster: Roster) -> Roster:
    """Return the roster as it would be read again."""
    customers = [roster.get(customer_id) for customer_id in roster.customer_ids]
    entries = (roster.entries.get(key) for key in KEYS)
    again = Roster(
        customers,
        links=roster.evidence.among(KEYS),
        quarantine=[entry for entry in entries if entry is not None],
    )
    again.versions.do_without()
    return again


def run(roster: Roster, by: TenantRules, *, simulated: bool) -> list[Effect]:
    """Look at everything as a run does, one customer after the other, and return the effects."""
    enforcer = Enforcer(by, Context(by.limits, LATER, ids(10_000)))
    effects: list[Effect] = []

    def each() -> Roster:
        return stored(roster) if simulated else roster

    ids_ = {each for found in roster.customer_ids for each in roster.get(found).merged_ids}
    customers = sorted(ids_ | roster.customer_ids)
    quarantined = [key for key in KEYS if roster.entries.get(key) is not None]
    for customer_id in customers:
        effects += enforcer.measure(each(), customer_id)
    of_persons: list[Effect] = []
    for customer_id in customers:
        of_persons += enforcer.enforce_on_person(each(), customer_id)
    effects += first_of_each(of_persons)
    for customer_id in () if simulated else sorted(roster.customer_ids):
        enforcer.enforce_on_visitor(roster, customer_id)
    for key in quarantined:
        effects += enforcer.enforce_on_entry(each(), key)
    return effects


def owners(roster: Roster) -> dict[IdentifierKey, UUID]:
    """Return whose the identifiers are, without devices."""
    return {
        key: customer.id
        for key in KEYS
        if key.type != "cookie" and (customer := roster.owner(key)) is not None
    }


def partition(roster: Roster) -> set[frozenset[IdentifierKey]]:
    groups = (
        frozenset(key for key, item in roster.get(each).identifiers.items() if item.is_proved)
        for each in roster.customer_ids
    )
    return {group for group in groups if group}


PERSONS = ["email", "phone", "external_id", "loyalty_id"]


def shown(kinds: Sequence[str], levels: Sequence[Level]) -> st.SearchStrategy:
    values = [(kind, value) for kind in kinds for value in VALUES[kind]]
    return st.builds(
        lambda pair, level: (*pair, level), st.sampled_from(values), st.sampled_from(levels)
    )


def histories(
    kinds: Sequence[str], levels: Sequence[Level] = (P, V)
) -> st.SearchStrategy[list[Seen]]:
    event = st.builds(
        Seen,
        st.integers(0, 200),
        st.lists(shown(kinds, levels), min_size=1, max_size=3, unique_by=lambda item: item[:2]).map(
            tuple
        ),
    )
    return st.lists(event, min_size=2, max_size=9)


type_settings = st.builds(
    TypeSettings,
    exclusive=st.sampled_from([None, None, False]),
    max_values=st.sampled_from([None, 1, 2]),
    max_neighbours=st.sampled_from([None, 1, 2, 20]),
    priority=st.sampled_from([None, 10, 200]),
)
changes = st.fixed_dictionaries(
    {
        "max_identifiers": st.integers(2, 8),
        "max_neighbours": st.integers(2, 9),
        "types": st.dictionaries(st.sampled_from(PERSONS), type_settings, max_size=2),
    }
)
blocked = st.lists(
    st.builds(
        BlockedValue,
        st.just("email"),
        st.just(Match.EXACT),
        st.sampled_from(VALUES["email"]),
    ),
    max_size=2,
    unique=True,
).map(tuple)


def test_what_is_from_before_there_was_evidence_comes_back_together():
    """Who reads the customers between two pages finds only what was written."""
    held = [identifier("email", "a@nordlys.se", V), identifier("phone", "+46701740601", V)]
    roster = Roster([customer(1, *held)])
    before = partition(roster)
    value = BlockedValue("email", Match.EXACT, "a@nordlys.se")
    by = rules(blocked=(value,))
    [effect] = Enforcer(by, Context(by.limits, LATER, ids(100))).measure(roster, UUID(int=1))
    assert effect.quarantined == 1
    again = Roster(
        [roster.get(UUID(int=1))],
        links=roster.pending.evidence.values(),
        quarantine=roster.pending.quarantined.values(),
    )
    again.versions.do_without()
    run(again, BEFORE, simulated=False)
    assert partition(again) == before


@pytest.mark.timeout(180)
@settings(max_examples=500, deadline=None)
@given(histories([*PERSONS, "cookie"], (C, P, V)), changes, blocked)
def test_what_is_simulated_is_what_happens(events, said, blocked):
    live = replayed(events)
    by = rules(**said, blocked=blocked)
    simulated = run(stored(live), by, simulated=True)
    present = stored(live)
    assert run(present, by, simulated=False) == simulated
    values = {each.value for each in blocked}
    told = {
        key: owner_id
        for key, owner_id in owners(live).items()
        if key.value in values or live.get(owner_id).identifiers[key].is_proved
    }
    assert_counts(told, present, simulated)
    assert_sound(present, {change.customer.id for change in live.pending.changes})


def assert_counts(
    before: dict[IdentifierKey, UUID], present: Roster, effects: Sequence[Effect]
) -> None:
    """Assert that the effects are the difference between two states, however they came about.

    ``before`` has the owners of what persons proved, and of what is blocked. Of whom nothing is
    left is a visitor, who may go on in another one without effect.
    """
    counts, after = counts_of(effects), owners(present)
    found = {each: present.find(each) for each in set(before.values())}
    leads_to = {each: customer.id for each, customer in found.items() if customer is not None}
    persons = {
        owner_id
        for key, owner_id in before.items()
        if key in after and after[key] == leads_to.get(owner_id)
    }
    merged = [each for each in persons if leads_to[each] != each]
    assert counts["merged"] == len(merged)
    moved = [
        key
        for key, owner_id in before.items()
        if key in after and after[key] != (found[owner_id] or present.get(owner_id)).id
    ]
    assert counts["moved"] == len(moved)
    lost = [key for key in before if key not in after]
    assert counts["quarantined"] + counts["dropped"] == len(lost)
    proved = [
        key for key, owner_id in after.items() if present.get(owner_id).identifiers[key].is_proved
    ]
    assert counts["recovered"] == len(set(proved) - before.keys())


@settings(max_examples=100, deadline=None)
@given(histories([*PERSONS, "cookie"], (C, P, V)), changes, blocked)
def test_a_second_application_changes_nothing(events, said, blocked):
    by = rules(**said, blocked=blocked)
    roster = stored(replayed(events))
    run(roster, by, simulated=False)
    applied = owners(roster)
    again = run(roster, by, simulated=False)
    assert [effect for effect in again if replace(effect, exceeds=())] == []
    assert owners(roster) == applied


@settings(max_examples=100, deadline=None)
@given(histories(PERSONS), changes)
def test_an_application_leads_to_what_the_rules_say_of_the_evidence(events, said):
    by = rules(**said)
    roster = stored(replayed(events))
    run(roster, by, simulated=False)
    assert partition(roster) == partition(replayed(events, by))


@settings(max_examples=100, deadline=None)
@given(histories(PERSONS), changes, blocked)
def test_going_back_to_the_rules_of_before_leads_back(events, said, blocked):
    """Nothing is forgotten that the rules took away."""
    roster = stored(replayed(events))
    before = partition(roster)
    run(roster, rules(**said, blocked=blocked), simulated=False)
    run(roster, BEFORE, simulated=False)
    assert partition(roster) == before
