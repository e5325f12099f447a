"""Any order of the same merges and undoings gives the same clusters, one hop deep."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from interactions.context.domain.aliases import Merge, Moment, Redirect, Undoing, plan_aliases

PEOPLE = [UUID(int=n) for n in range(1, 9)]


@dataclass
class Identity:
    """Decides as identity does: merges canonical customers, undoes merges that hold."""

    events: list[Merge | Undoing] = field(default_factory=list)
    into: dict[UUID, tuple[UUID, Merge]] = field(default_factory=dict)
    """By absorbed customer, its survivor and the merge."""
    minutes: int = 0

    def canonical(self, person):
        while person in self.into:
            person = self.into[person][0]
        return person

    def members(self, person):
        below = [other for other, (survivor, _) in self.into.items() if survivor == person]
        return [person, *(each for other in below for each in self.members(other))]

    def merge(self, survivor, absorbed):
        merge_id, at = UUID(int=1_000 + self.minutes), self.now()
        merge = Merge(merge_id, survivor, tuple(self.members(absorbed)), at)
        self.events.append(merge)
        # The redirect on the key of the absorbed customer.
        self.events.append(Merge(merge_id, survivor, (absorbed,), at))
        self.into[absorbed] = (survivor, merge)

    def undo(self, absorbed):
        merges, person = [], absorbed
        while person in self.into:
            person, merge = self.into[person]
            merges.append(merge.merge_id)
        restored = tuple(sorted(self.members(absorbed)))
        undoing = Undoing(person, absorbed, restored, tuple(merges), self.now())
        self.events += [undoing, undoing]  # on the key of each of the two customers
        del self.into[absorbed]

    def now(self):
        self.minutes += 1
        at = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=self.minutes)
        return Moment(at, at)


@st.composite
def histories(draw):
    identity = Identity()
    for _ in range(draw(st.integers(0, 14))):
        alone = [person for person in PEOPLE if person not in identity.into]
        if identity.into and (len(alone) < 2 or draw(st.booleans())):
            identity.undo(draw(st.sampled_from(sorted(identity.into))))
        else:
            identity.merge(*draw(st.permutations(alone))[:2])
    return identity


class Copy:
    """Applies plans as the store does."""

    def __init__(self, aliases=None):
        self.aliases = dict(aliases or {})
        self.redirects = {}

    def apply(self, batch):
        mentioned = {person for event in batch for person in event.ids()}
        canonical = {self.aliases.get(person, person) for person in mentioned}
        stored = {i: target for i, target in self.aliases.items() if target in canonical}
        known = [r for r in self.redirects.values() if r.customer_id in {*stored, *mentioned}]
        plan = plan_aliases(stored, known, batch, mentioned=mentioned)
        self.aliases |= plan.aliases
        self.redirects |= {redirect.key: redirect for redirect in plan.redirects}


@given(histories(), st.data())
def test_any_order_repetition_and_batching_gives_the_right_clusters(identity, data):
    waiting = data.draw(st.permutations(identity.events + identity.events))
    copy = Copy()
    while waiting:
        size = data.draw(st.integers(1, len(waiting)))
        copy.apply(waiting[:size])
        waiting = waiting[size:]
    assert {person for event in identity.events for person in event.ids()} == set(copy.aliases)
    assert copy.aliases == {person: identity.canonical(person) for person in copy.aliases}


@given(histories(), st.data())
def test_there_is_never_more_than_one_hop(identity, data):
    copy = Copy()
    for event in data.draw(st.permutations(identity.events)):
        copy.apply([event])
        canonical = set(copy.aliases.values())
        assert all(copy.aliases[target] == target for target in canonical)


@given(histories(), st.data())
def test_repeated_events_write_nothing(identity, data):
    copy = Copy()
    copy.apply(identity.events) if identity.events else None
    redirects = list(copy.redirects.values())
    plan = plan_aliases(copy.aliases, redirects, data.draw(st.permutations(identity.events)))
    assert not plan.aliases
    assert not plan.redirects


@given(st.data())
def test_aliases_from_before_redirects_were_kept_follow_and_can_be_undone(data):
    """Only the last state of the merges before is stored; one of them is undone later."""
    identity = Identity()
    a, b, c, d, e = PEOPLE[:5]
    identity.merge(b, a)
    identity.merge(d, c)
    copy = Copy({a: b, b: b, c: d, d: d})
    identity.events.clear()
    identity.merge(d, b)
    identity.undo(b)
    identity.merge(e, d)
    identity.undo(c)
    for event in data.draw(st.permutations(identity.events[:4])) + identity.events[4:]:
        copy.apply([event])
    assert copy.aliases == {person: identity.canonical(person) for person in PEOPLE[:5]}


def test_a_customer_merged_with_itself_stays_alone():
    copy = Copy()
    copy.apply([Merge(UUID(int=9), PEOPLE[0], (PEOPLE[0],), Identity().now())])
    assert copy.aliases == {PEOPLE[0]: PEOPLE[0]}


def test_a_redirect_keeps_what_either_event_told():
    at = Identity().now()
    known = Redirect(PEOPLE[0], UUID(int=9), undone=at)
    told = Redirect(PEOPLE[0], UUID(int=9), PEOPLE[1], merged=at)
    assert known.combined_with(told) == told.combined_with(known)
    assert not known.combined_with(told).holds
