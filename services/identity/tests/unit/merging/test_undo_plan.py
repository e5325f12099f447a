"""Undoing a merge gives what there would be without it."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identifiers import IdentifierKey
from identity.customers.domain.attributes import Json
from identity.customers.domain.changes import (
    CustomerRedirected,
    CustomerUnmerged,
    IdentifierRemoved,
)
from identity.customers.domain.identifiers import Level, PresentedIdentifier
from identity.resolution.domain.graph.evidence import Rule
from identity.resolution.domain.requests import PreparedRequest
from services.identity.tests.unit.builders import (
    NOW,
    P,
    V,
    assert_sound,
    customer,
    identifier,
    request,
)
from services.identity.tests.unit.merging.histories import History, shown

SIDES = ("anna", "bo")
Seen = tuple[dict[IdentifierKey, Level], dict[str, Json]]
"""Levels by identifier, and values by attribute."""


def mail(name: str, level=P) -> PresentedIdentifier:
    return PresentedIdentifier("email", f"{name}@nordlys.se", level=level)


def phone(number: int, level=P) -> PresentedIdentifier:
    return PresentedIdentifier("phone", f"+4670174060{number}", level=level)


def number(name: str) -> PresentedIdentifier:
    return PresentedIdentifier("external_id", name, "shop", V)


def cookie(name: str) -> PresentedIdentifier:
    return PresentedIdentifier("cookie", name, level=P)


def own(side: str) -> list[PresentedIdentifier]:
    """Return identifiers that only this side presents.

    Only one side has a customer number: two of them are never one customer's, so that evidence
    would go another way while the two are merged.
    """
    digit = SIDES.index(side) * 3
    numbers = [number("anna")] if side == "anna" else []
    return [
        *numbers, mail(side), mail(f"{side}.work", V), phone(digit), phone(digit + 1, V),
        cookie(side),
    ]  # fmt: skip


def keys(history: History, customer_id: UUID) -> set[str]:
    return {key.value for key in history.roster.get(customer_id).identifiers}


def seen_by(history: History, customer_id: UUID) -> Seen:
    """Return what the customer has to whom an id leads, whatever the other ids."""
    customer = history.roster.find(customer_id)
    assert customer is not None
    levels, values, _ = shown(history)[customer.id]
    return levels, values


def persons(history: History) -> list[Seen]:
    """Return what each customer has, whatever the ids."""
    seen = [(levels, values) for levels, values, _ in shown(history).values()]
    return sorted(seen, key=lambda each: sorted(each[0]))


def parts_of(history: History, side: str) -> int:
    """Return the number of customers that have identifiers of a side."""
    values = {each.value for each in own(side)}
    return sum(not values.isdisjoint(keys(history, each)) for each in history.roster.customer_ids)


@st.composite
def requests_of(draw: st.DrawFn, side: str) -> PreparedRequest:
    """Return a request that carries at least one identifier of the side that is proved."""
    anchor = mail(side)
    more = draw(st.lists(st.sampled_from(own(side)), max_size=3, unique_by=lambda each: each.value))
    at = NOW + timedelta(minutes=draw(st.integers(0, 500)))
    return request(*{each.value: each for each in (anchor, *more)}.values(), at=at)


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[PreparedRequest], list[PreparedRequest]]:
    """Return what two persons do before a merge, and after it."""
    sides = st.sampled_from(SIDES).flatmap(requests_of)
    return draw(st.lists(sides, max_size=5)), draw(st.lists(sides, max_size=5))


@settings(max_examples=300)
@given(stories(), st.booleans())
def test_merge_then_undo_gives_what_there_would_be_without(story, anna_survives):
    before, between = story
    plain, undone = History(), History()
    for history in (plain, undone):
        for side in SIDES:
            history.resolve(request(mail(side)))
        for each in before:
            history.resolve(each)
    anna, bo = (UUID(int=1_000), UUID(int=1_001))
    merge = undone.merge(*((bo, anna) if anna_survives else (anna, bo)))
    for each in between:
        plain.resolve(each)
        undone.resolve(each)
    outcome = undone.undo(merge)
    assert len(outcome.restored_ids) == 1
    assert persons(undone) == persons(plain)
    for customer_id, side in ((anna, "anna"), (bo, "bo")):
        # A doubt may divide a side, and which part then goes on under the id depends on what else
        # was under it at that time.
        if parts_of(plain, side) == 1:
            assert seen_by(undone, customer_id) == seen_by(plain, customer_id)
    assert_sound(undone.roster, {anna, bo})


@pytest.mark.parametrize("anna_survives", [True, False])
def test_an_id_leads_to_its_own_side_however_that_was_divided_meanwhile(anna_survives):
    """The proofs of the address divide the merged customer, and the bond of the merge goes along.

    So the identifiers of both sides are with the part that got a new id, and under the old one is
    what came since.
    """
    history = History()
    for side in SIDES:
        history.resolve(request(mail(side)))
    anna, bo = UUID(int=1_000), UUID(int=1_001)
    merge = history.merge(*((bo, anna) if anna_survives else (anna, bo)))
    history.resolve(
        request(mail("anna"), mail("anna.work", V), phone(1, V), at=NOW + timedelta(minutes=1))
    )
    history.resolve(request(mail("anna"), number("anna")))
    history.undo(merge)
    assert keys(history, bo) == {"bo@nordlys.se"}
    assert keys(history, anna) == {"anna.work@nordlys.se", "+46701740601"}
    assert_sound(history.roster, {anna, bo})


@given(stories())
def test_an_undone_merge_of_the_engine_does_not_come_back(story):
    before, between = story
    history = History()
    for side in SIDES:
        history.resolve(request(mail(side)))
    for each in before:
        history.resolve(each)
    together = request(mail("anna"), mail("bo"))
    history.resolve(together)
    anna, bo = UUID(int=1_000), UUID(int=1_001)
    for each in between:
        history.resolve(each)
    for merge in reversed(history.merges):
        history.undo(merge)
    history.resolve(together)
    found = [history.roster.find(each) for each in (anna, bo)]
    assert found[0] is not None
    assert found[0] != found[1]
    assert_sound(history.roster, {anna, bo})


def three() -> tuple[History, UUID, UUID, UUID]:
    history = History()
    for name in "abc":
        history.resolve(request(mail(name)))
    return history, UUID(int=1_000), UUID(int=1_001), UUID(int=1_002)


def test_a_middle_merge_of_a_chain_is_undone_alone():
    history, a, b, c = three()
    first = history.merge(a, b)
    history.merge(b, c)
    outcome = history.undo(first)
    assert outcome.restored_ids == (a,)
    assert keys(history, a) == {"a@nordlys.se"}
    assert keys(history, c) == {"b@nordlys.se", "c@nordlys.se"}
    assert history.roster.get(c).merged_ids == (b,)
    assert_sound(history.roster, {a, b, c})


def test_the_survivor_of_a_middle_merge_goes_on_where_it_is():
    history, a, b, c = three()
    first = history.merge(b, a)
    history.merge(a, c)
    history.undo(first)
    assert keys(history, b) == {"b@nordlys.se"}
    assert history.roster.get(c).merged_ids == (a,)


def test_the_last_merge_of_a_chain_gives_back_all_ids_of_the_first():
    history, a, b, c = three()
    history.merge(a, b)
    last = history.merge(b, c)
    history.undo(last)
    assert history.roster.get(b).merged_ids == (a,)
    assert history.roster.get(c).merged_ids == ()
    unmerged = [c for c in history.roster.pending.changes if isinstance(c, CustomerUnmerged)]
    assert [change.customer.id for change in unmerged] == [c, b]
    assert [[each.merged_ids for each in change.restored] for change in unmerged] == [[(a,)]] * 2
    # The redirect of the first merge holds, so nothing is announced about the id that it absorbed.
    assert not any(
        isinstance(change, CustomerRedirected) and change.undo_of
        for change in history.roster.pending.changes
    )


def test_an_id_whose_way_leads_through_a_restored_one_is_redirected_anew():
    """The second merge names the absorbed customer, so it is that one which goes along."""
    history, a, b, c = three()
    first = history.merge(b, a)
    history.merge(b, c)
    history.undo(first)
    assert keys(history, a) == {"a@nordlys.se"}
    assert keys(history, c) == {"b@nordlys.se", "c@nordlys.se"}
    redirect = history.roster.pending.changes[-1]
    assert isinstance(redirect, CustomerRedirected)
    assert (redirect.customer.id, redirect.survivor_id, redirect.undo_of) == (b, c, first.id)
    assert_sound(history.roster, {a, b, c})


def test_both_merges_of_a_chain_are_undone_in_either_order():
    for order in ((0, 1), (1, 0)):
        history, a, b, c = three()
        before = shown(history)
        merges = [history.merge(a, b), history.merge(b, c)]
        for place in order:
            history.undo(merges[place])
        assert shown(history) == before
        assert_sound(history.roster, {a, b, c})


def test_undoing_twice_changes_nothing_the_second_time():
    history, a, b, _ = three()
    merge = history.merge(a, b)
    assert history.undo(merge).is_change
    changes = len(history.roster.pending.changes)
    assert not history.undo(merge).is_change
    assert len(history.roster.pending.changes) == changes


def test_a_merge_that_was_repeated_is_undone_by_its_last():
    history, a, b, _ = three()
    before = shown(history)
    first = history.merge(a, b)
    history.undo(first)
    second = history.merge(a, b)
    assert not history.undo(first).is_change
    history.undo(second)
    assert shown(history) == before


def test_a_merge_of_before_there_was_evidence_is_undone():
    one = customer(
        1, identifier("email", "a@nordlys.se", V), identifier("phone", "+46701740601", P)
    )
    other = customer(2, identifier("email", "b@nordlys.se", P), identifier("cookie", "k", P))
    history = History((one, other))
    before = shown(history)
    merge = history.merge(UUID(int=1), UUID(int=2))
    history.undo(merge)
    assert shown(history) == before


def test_a_customer_without_identifiers_is_restored():
    history = History((customer(1), customer(2, identifier("email", "b@nordlys.se", P))))
    before = shown(history)
    merge = history.merge(UUID(int=1), UUID(int=2))
    history.undo(merge)
    assert shown(history) == before


def test_every_change_of_an_undo_names_the_merge():
    history, a, b, _ = three()
    merge = history.merge(a, b)
    already = len(history.roster.pending.changes)
    history.undo(merge)
    changes = history.roster.pending.changes[already:]
    assert [type(change) for change in changes] == [
        IdentifierRemoved, CustomerUnmerged, CustomerUnmerged,
    ]  # fmt: skip
    assert all(getattr(change, "undo_of", merge.id) == merge.id for change in changes)
    decision = history.roster.pending.decisions[-1]
    assert (decision.rule, decision.undo_of) == (Rule.CANNOT_LINK, merge.id)


@pytest.mark.parametrize("level", [P, V])
def test_a_new_identifier_goes_with_the_one_that_it_came_with(level):
    history, a, b, _ = three()
    merge = history.merge(a, b)
    history.resolve(request(mail("a"), phone(9, level)))
    history.undo(merge)
    assert keys(history, a) == {"a@nordlys.se", "+46701740609"}
