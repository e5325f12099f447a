"""Splitting, unlinking, keeping apart, releasing, and withdrawing each of these."""

from functools import partial
from uuid import UUID

import pytest

from common.errors import ConflictError, InvalidError, NotFoundError
from identifiers import IdentifierKey
from identity.customers.domain.changes import CustomerSplit, CustomerUnmerged
from identity.merging.domain.apart_plan import keep_apart
from identity.merging.domain.outcomes import Outcome
from identity.merging.domain.release_plan import release_identifier
from identity.merging.domain.split_plan import split_customer, unlink_identifier
from identity.merging.domain.withdrawal_plan import withdraw_decision
from identity.resolution.domain.graph.evidence import Rule
from services.identity.tests.unit.builders import P, V, assert_sound, request
from services.identity.tests.unit.merging.histories import History, shown
from services.identity.tests.unit.merging.test_undo_plan import cookie, keys, mail, phone


def key(value: str, kind: str = "email") -> IdentifierKey:
    return IdentifierKey(kind, "", f"{value}@nordlys.se" if kind == "email" else value)


def split(history: History, customer_id: UUID, *values: IdentifierKey) -> Outcome:
    return history.decide(lambda it: split_customer(it, customer_id, values))


def unlink(history: History, customer_id: UUID, value: IdentifierKey) -> Outcome:
    return history.decide(lambda it: unlink_identifier(it, customer_id, value))


def apart(history: History, one: UUID, other: UUID) -> Outcome:
    return history.decide(lambda it: keep_apart(it, one, other))


def withdraw(history: History, decision_id: UUID) -> Outcome:
    return history.decide(partial(withdraw_decision, decision_id=decision_id))


def family() -> tuple[History, UUID]:
    """Return one customer of what are two persons, connected by a telephone in the middle."""
    history = History()
    met = history.resolve(request(mail("anna"), phone(1, V)))
    history.resolve(request(phone(1, V), mail("bo")))
    assert met.customer_id is not None
    return history, met.customer_id


def test_a_split_makes_a_new_customer_and_keeps_both_sides_whole():
    history, customer_id = family()
    outcome = split(history, customer_id, key("bo"))
    (created,) = outcome.created_ids
    assert keys(history, created) == {"bo@nordlys.se"}
    assert keys(history, customer_id) == {"anna@nordlys.se", "+46701740601"}
    (change,) = [c for c in history.roster.pending.changes if isinstance(c, CustomerSplit)]
    assert (change.cause.rule, change.cause.actor) == ("split", "agent-7")
    assert change.cause.decision_id == outcome.decision_ids[0]
    assert_sound(history.roster, {customer_id, created})


def test_the_same_evidence_does_not_heal_a_split():
    history, customer_id = family()
    (created,) = split(history, customer_id, key("bo")).created_ids
    history.resolve(request(phone(1, V), mail("bo")))
    assert keys(history, created) == {"bo@nordlys.se"}


def test_splitting_off_the_middle_keeps_the_rest_one():
    history, customer_id = family()
    (created,) = split(history, customer_id, key("+46701740601", "phone")).created_ids
    assert keys(history, customer_id) == {"anna@nordlys.se", "bo@nordlys.se"}
    assert keys(history, created) == {"+46701740601"}


def test_splitting_off_what_was_absorbed_restores_that_customer():
    history = History()
    ids = [history.resolve(request(mail(name))).customer_id for name in ("anna", "bo")]
    anna, bo = (each for each in ids if each is not None)
    before = shown(history)
    merge = history.merge(bo, anna)
    outcome = split(history, anna, key("bo"))
    assert outcome.restored_ids == (bo,)
    assert shown(history) == before
    (first, _) = [c for c in history.roster.pending.changes if isinstance(c, CustomerUnmerged)]
    assert first.undo.merge_id == merge.id


def test_a_split_has_to_leave_something_and_to_take_what_is_there():
    history, customer_id = family()
    everything = [key("anna"), key("bo"), key("+46701740601", "phone")]
    with pytest.raises(InvalidError):
        split(history, customer_id, *everything)
    with pytest.raises(InvalidError):
        split(history, customer_id, key("carla"))
    with pytest.raises(NotFoundError):
        split(history, UUID(int=77), key("anna"))


def test_an_unlinked_identifier_is_nobodys_and_does_not_come_back():
    history, customer_id = family()
    unlink(history, customer_id, key("bo"))
    assert history.roster.owner(key("bo")) is None
    history.resolve(request(phone(1, V)))
    assert keys(history, customer_id) == {"anna@nordlys.se", "+46701740601"}
    met = history.resolve(request(mail("bo"), phone(1, V)))
    assert keys(history, customer_id) == {"anna@nordlys.se", "+46701740601"}
    assert met.customer_id is not None


def test_whoever_presents_an_unlinked_identifier_is_a_new_customer():
    history, customer_id = family()
    unlink(history, customer_id, key("bo"))
    met = history.resolve(request(mail("bo")))
    assert met.created
    assert met.customer_id != customer_id


def test_a_withdrawn_unlinking_gives_the_identifier_back():
    history, customer_id = family()
    before = shown(history)
    (decision,) = unlink(history, customer_id, key("bo")).decision_ids
    withdraw(history, decision)
    assert shown(history) == before


def test_a_withdrawn_split_lets_the_evidence_unite_them_again():
    history, customer_id = family()
    (decision,) = split(history, customer_id, key("bo")).decision_ids
    withdraw(history, decision)
    assert keys(history, customer_id) == {
        "anna@nordlys.se", "bo@nordlys.se", "+46701740601",
    }  # fmt: skip


def test_customers_that_are_kept_apart_are_never_merged_by_evidence():
    history = History()
    ids = [history.resolve(request(mail(name))).customer_id for name in ("anna", "bo")]
    anna, bo = (each for each in ids if each is not None)
    (decision,) = apart(history, anna, bo).decision_ids
    assert not apart(history, bo, anna).is_change
    history.resolve(request(mail("anna", V), mail("bo", V)))
    assert history.roster.find(anna) != history.roster.find(bo)
    withdraw(history, decision)
    assert history.roster.find(anna) == history.roster.find(bo)


def test_one_customer_cannot_be_kept_apart_from_itself():
    history, customer_id = family()
    with pytest.raises(ConflictError) as caught:
        apart(history, customer_id, customer_id)
    assert caught.value.type_suffix == "one-customer"


def test_a_withdrawn_merge_restores_both_customers():
    history = History()
    ids = [history.resolve(request(mail(name))).customer_id for name in ("anna", "bo")]
    anna, bo = (each for each in ids if each is not None)
    before = shown(history)
    merge = history.merge(bo, anna)
    withdraw(history, merge.id)
    assert shown(history) == before
    rules = [link.id.rule for link in history.roster.evidence.among([key("anna"), key("bo")])]
    assert Rule.CANNOT_LINK not in rules


def test_a_withdrawn_merge_stays_if_the_evidence_says_so():
    history = History()
    ids = [history.resolve(request(mail(name))).customer_id for name in ("anna", "bo")]
    anna, bo = (each for each in ids if each is not None)
    merge = history.merge(bo, anna)
    history.resolve(request(mail("anna"), mail("bo")))
    withdraw(history, merge.id)
    assert history.roster.find(anna) == history.roster.find(bo)


def test_a_decision_is_withdrawn_once():
    history, customer_id = family()
    (decision,) = unlink(history, customer_id, key("bo")).decision_ids
    withdraw(history, decision)
    with pytest.raises(NotFoundError):
        withdraw(history, decision)


def quarantined() -> tuple[History, IdentifierKey]:
    history = History()
    for digit in range(13):
        history.resolve(request(mail("kiosk"), mail(f"guest{digit}")))
    assert history.roster.owner(key("kiosk")) is None
    assert history.roster.entries.get(key("kiosk")) is not None
    return history, key("kiosk")


def test_a_released_identifier_is_somebodys_for_good():
    history, value = quarantined()
    outcome = history.decide(partial(release_identifier, key=value))
    owner = history.roster.owner(value)
    assert owner is not None
    assert owner in outcome.customers
    history.resolve(request(mail("kiosk"), mail("guest99")))
    assert history.roster.owner(value) is not None
    assert not history.decide(partial(release_identifier, key=value)).is_change


def test_a_withdrawn_release_puts_it_back_into_quarantine():
    history, value = quarantined()
    (decision,) = history.decide(partial(release_identifier, key=value)).decision_ids
    withdraw(history, decision)
    assert history.roster.owner(value) is None
    entry = history.roster.entries.get(value)
    assert entry is not None
    assert not entry.is_released


def test_only_what_is_in_quarantine_is_released():
    history, _ = family()
    with pytest.raises(NotFoundError):
        history.decide(partial(release_identifier, key=key("anna")))


def test_a_device_that_is_split_off_can_still_change_hands():
    history = History()
    met = history.resolve(request(mail("anna"), cookie("pc")))
    assert met.customer_id is not None
    (created,) = split(history, met.customer_id, key("pc", "cookie")).created_ids
    assert keys(history, created) == {"pc"}
    history.resolve(request(mail("bo", P), cookie("pc")))
    owner = history.roster.owner(key("pc", "cookie"))
    assert owner is not None
    assert "bo@nordlys.se" in {each.value for each in owner.identifiers}
