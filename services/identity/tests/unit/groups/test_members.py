from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from common.errors import InvalidError
from devstack.testing.fake_clock import NOON
from identity.groups.domain.members import Membership, check_period, plan_membership

ANNA, ANNA_BY_PHONE = UUID(int=1), UUID(int=2)
PARENT = Membership(ANNA, "parent", NOON, None, "crm")


def test_a_role_that_a_person_does_not_have_is_new():
    assert plan_membership([], PARENT) == ((PARENT,), 1)
    assert plan_membership([replace(PARENT, role="payer")], PARENT) == ((PARENT,), 1)


def test_the_same_membership_again_changes_nothing():
    assert plan_membership([PARENT], PARENT) == ((), 0)
    assert plan_membership([replace(PARENT, role="payer"), PARENT], PARENT) == ((), 0)


def test_another_period_replaces_the_one_there_is():
    ended = replace(PARENT, valid_until=NOON + timedelta(days=1))
    assert plan_membership([PARENT], ended) == ((ended,), 0)


def test_a_role_under_an_absorbed_id_keeps_that_id():
    theirs = replace(PARENT, customer_id=ANNA_BY_PHONE)
    ended = replace(PARENT, valid_until=NOON + timedelta(days=1))
    assert plan_membership([theirs], PARENT) == ((), 0)
    assert plan_membership([theirs], ended) == ((replace(ended, customer_id=ANNA_BY_PHONE),), 0)


def test_a_role_under_two_ids_of_one_person_changes_under_both():
    both = [PARENT, replace(PARENT, customer_id=ANNA_BY_PHONE, source=None)]
    ended = replace(PARENT, valid_until=NOON + timedelta(days=1))
    assert plan_membership(both, ended) == (
        (ended, replace(ended, customer_id=ANNA_BY_PHONE)),
        0,
    )
    assert plan_membership(both, PARENT) == ((replace(PARENT, customer_id=ANNA_BY_PHONE),), 0)


@pytest.mark.parametrize("until", [NOON, NOON - timedelta(seconds=1)])
def test_a_period_ends_after_it_begins(until):
    with pytest.raises(InvalidError) as refused:
        check_period(NOON, until)
    assert [error.pointer for error in refused.value.errors] == ["/valid_until"]


@pytest.mark.parametrize("period", [(None, None), (NOON, None), (None, NOON)])
def test_a_period_may_be_open(period):
    check_period(*period)
