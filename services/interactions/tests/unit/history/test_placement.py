"""Which conversation an interaction joins, and what it changes there."""

from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interactions.history import Author, AuthorType, Direction, Level
from interactions.history.domain.conversation import ChangeType, Status
from interactions.history.domain.placement import Candidate, Incoming, RecordingPlanner, Via
from services.interactions.tests.factories import NOON, WINDOW, a_draft, a_phone, a_reply, minutes


def an_item(index=0, draft=None, *, customer_id=None, at=NOON):
    return Incoming.of(
        index,
        draft or a_draft(),
        interaction_id=uuid4(),
        customer_id=customer_id,
        occurred_at=at,
    )


def place(*items, candidates=()):
    planner = RecordingPlanner(WINDOW, uuid4)
    for candidate in candidates:
        planner.offer(candidate)
    for item in items:
        planner.place(item)
    return planner.plan()


def only(plan):
    [conversation] = plan.conversations.values()
    return conversation


def after(*drafts, start=None, gap=1.0):
    """Return the conversation after drafts, a minute apart."""
    items = [an_item(n, d, at=NOON + minutes(n * gap)) for n, d in enumerate(drafts)]
    candidates = [Candidate(i.index, Via.THREAD, start) for i in items] if start else []
    return only(place(*items, candidates=candidates))


def names(plan):
    return [change.type for change in plan.changes]


def test_a_contact_has_one_conversation_on_a_channel():
    plan = place(an_item(0), an_item(1, at=NOON + minutes(1)))
    assert only(plan).interaction_count == 2
    assert names(plan) == [ChangeType.OPENED, ChangeType.RECORDED, ChangeType.RECORDED]


@pytest.mark.parametrize(
    "other",
    [
        a_draft(channel="chat"),
        a_draft(channel_account="other"),
        a_draft(identifiers=(a_phone("+1555"),)),
    ],
)
def test_another_channel_account_or_contact_is_another_conversation(other):
    assert len(place(an_item(0), an_item(1, other)).conversations) == 2


def test_customers_who_share_a_telephone_have_conversations_of_their_own():
    mother, child = uuid4(), uuid4()
    owners = [mother, child, mother, child]
    plan = place(*(an_item(n, customer_id=who) for n, who in enumerate(owners)))
    conversations = [placed.conversation_id for placed in plan.placed]
    assert len(set(conversations)) == 2
    assert conversations[2:] == conversations[:2]


def test_an_unknown_sender_goes_on_with_the_contacts_conversation():
    plan = place(an_item(0, customer_id=uuid4()), an_item(1))
    assert only(plan).interaction_count == 2


def test_past_the_window_a_new_conversation_begins():
    plan = place(an_item(0), an_item(1, at=NOON + WINDOW + minutes(1)))
    assert len(plan.conversations) == 2
    late = place(an_item(0), an_item(1, at=NOON - WINDOW - minutes(1)))
    assert len(late.conversations) == 2


def test_a_conversation_adopts_its_customer_once_known():
    customer = uuid4()
    plan = place(an_item(0), an_item(1, customer_id=customer))
    assert only(plan).origin_customer_id == customer
    assert [p.customer_id for p in plan.placed] == [None, customer]


def test_a_second_contact_does_not_take_over_an_unresolved_conversation():
    start = after(a_draft())
    stranger = an_item(
        0,
        a_draft(identifiers=(a_phone("+1555"),), conversation_id=start.conversation_id),
        customer_id=uuid4(),
    )
    plan = place(stranger, candidates=[Candidate(0, Via.GIVEN, start)])
    assert only(plan).origin_customer_id is None


def test_the_first_response_is_the_first_public_answer_by_a_person():
    bot = a_draft(direction=Direction.OUTBOUND, author=Author(AuthorType.BOT))
    assert after(a_draft(), bot).first_response_at is None
    note = a_reply(direction=Direction.INTERNAL, private=True)
    assert after(a_draft(), note).first_response_at is None
    answered = after(a_draft(), bot, a_reply(), a_reply())
    assert answered.first_response_at == NOON + minutes(2)
    assert answered.status == "open"


def test_waiting_is_since_the_oldest_unanswered_message():
    assert after(a_draft(), a_draft()).waiting_since == NOON
    assert after(a_draft(), a_reply()).waiting_since is None
    assert after(a_draft(), a_reply(), a_draft(), a_draft()).waiting_since == NOON + minutes(2)
    assert after(a_draft(private=True)).waiting_since is None
    assert after(a_draft(automated=True)).waiting_since is None


def test_a_late_message_older_than_the_answer_is_not_waiting():
    first, answer = an_item(0), an_item(1, a_reply(), at=NOON + minutes(5))
    late = an_item(2, at=NOON + minutes(1))
    assert only(place(first, answer, late)).waiting_since is None


def test_a_late_answer_leaves_newer_messages_waiting():
    first, second = an_item(0), an_item(1, at=NOON + minutes(9))
    answer = an_item(2, a_reply(), at=NOON + minutes(5))
    assert only(place(first, second, answer)).waiting_since == NOON + minutes(9)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("pending", ChangeType.RESUMED),
        ("on_hold", ChangeType.RESUMED),
        ("resolved", ChangeType.REOPENED),
    ],
)
def test_the_customer_brings_a_resting_conversation_back(status, told):
    start = after(a_draft())._replace(status=Status(status))
    plan = place(an_item(0), candidates=[Candidate(0, Via.THREAD, start)])
    assert names(plan) == [ChangeType.RECORDED, told]
    assert plan.changes[1].previous_status == status
    assert only(plan).status == "open"
    assert only(plan).reopen_count == (1 if status == "resolved" else 0)


@pytest.mark.parametrize("status", ["pending", "on_hold", "resolved", "closed"])
@pytest.mark.parametrize(
    "draft", [a_draft(automated=True), a_draft(backfill=True), a_reply(), a_draft(private=True)]
)
def test_automated_backfilled_and_own_messages_reopen_nothing(status, draft):
    start = after(a_draft())._replace(status=Status(status))
    named = replace(draft, conversation_id=start.conversation_id)
    plan = place(an_item(0, named), candidates=[Candidate(0, Via.GIVEN, start)])
    assert names(plan) == [ChangeType.RECORDED]
    assert only(plan).status == status


def test_a_message_to_a_closed_conversation_opens_a_following_one():
    start = after(a_draft())._replace(status=Status.CLOSED)
    named = a_draft(conversation_id=start.conversation_id)
    plan = place(an_item(0, named), candidates=[Candidate(0, Via.GIVEN, start)])
    assert only(plan).follows_id == start.conversation_id


def test_a_backfilled_message_opens_a_resolved_conversation():
    assert after(a_draft(backfill=True)).status == "resolved"


def test_a_note_without_identifiers_gets_the_conversations_customer():
    start = after(a_draft())._replace(origin_customer_id=uuid4(), customer_id=uuid4())
    note = a_reply(identifiers=(), conversation_id=start.conversation_id)
    plan = place(an_item(0, note), candidates=[Candidate(0, Via.GIVEN, start)])
    assert plan.placed[0].customer_id == start.customer_id


DRAFTS = st.builds(
    lambda contact, agent, backfill, private: (a_reply if agent else a_draft)(
        identifiers=(a_phone(f"+1555{contact}"),), backfill=backfill, private=private
    ),
    st.integers(0, 2),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(st.tuples(DRAFTS, st.integers(-20_000, 20_000)), max_size=30))
def test_numbers_have_no_gaps_and_counts_are_right(told):
    items = [an_item(n, draft, at=NOON + minutes(at)) for n, (draft, at) in enumerate(told)]
    plan = place(*items)
    assert not plan.failed
    assert [p.item.index for p in plan.placed] == list(range(len(items)))
    for conversation in plan.conversations.values():
        mine = [
            s
            for s in plan.changes
            if s.conversation.conversation_id == conversation.conversation_id
        ]
        assert [s.conversation.version for s in mine] == list(range(1, len(mine) + 1))
        assert conversation == mine[-1].conversation
        placed = [p for p in plan.placed if p.conversation_id == conversation.conversation_id]
        assert conversation.interaction_count == len(placed)
        times = [p.item.occurred_at for p in placed]
        assert conversation.opened_at == min(times)
        assert conversation.last_activity_at == max(times)
        assert len({p.item.contact_key for p in placed}) == 1


CLAIM = a_draft(identifiers=(a_phone(level=Level.CLAIMED),))


@pytest.mark.parametrize("customer_id", [None, uuid4()])
def test_who_claims_a_number_does_not_write_in_its_conversations(customer_id):
    """Also while identity is away, and nobody knows yet whose the number is."""
    plan = place(an_item(0, customer_id=customer_id), an_item(1, CLAIM), an_item(2, CLAIM))
    first, *claimed = [placed.conversation_id for placed in plan.placed]
    assert first not in claimed
    assert len(set(claimed)) == 1


def test_who_claims_a_number_does_not_reply_in_its_conversations():
    own = only(place(an_item(0, customer_id=uuid4())))
    quoting = an_item(0, replace(CLAIM, in_reply_to="m1"))
    plan = place(quoting, candidates=[Candidate(0, Via.REPLY, own)])
    assert only(plan).conversation_id != own.conversation_id


def test_whom_we_write_to_answers_in_the_same_conversation():
    letter = a_reply(identifiers=CLAIM.identifiers)
    assert only(place(an_item(0, letter), an_item(1))).interaction_count == 2
