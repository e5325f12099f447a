"""Any order of the same merges and undoings gives the same clusters, one hop deep."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from interactions.context.domain.aliases import Moment, Pointer, plan_aliases

PEOPLE = [UUID(int=n) for n in range(1, 9)]


@dataclass
class Identity:
    """Decides as identity does: merges canonical customers, undoes merges that hold.

    An event is what it tells of where ids lead: with the version of the customer on whose key it
    is, and of others without.
    """

    events: list[tuple[Pointer, ...]] = field(default_factory=list)
    into: dict[UUID, UUID] = field(default_factory=dict)
    versions: dict[UUID, int] = field(default_factory=lambda: dict.fromkeys(PEOPLE, 1))
    minutes: int = 0

    def canonical(self, person):
        while person in self.into:
            person = self.into[person]
        return person

    def members(self, person):
        below = [other for other, survivor in self.into.items() if survivor == person]
        return [person, *(each for other in below for each in self.members(other))]

    def merge(self, survivor, absorbed):
        at = self.now()
        self.events.append(tuple(Pointer(i, survivor, at) for i in self.members(absorbed)))
        self.events.append((Pointer(absorbed, survivor, at, self.next(absorbed)),))
        self.into[absorbed] = survivor

    def undo(self, absorbed):
        at, survivor = self.now(), self.canonical(absorbed)
        del self.into[absorbed]
        restored = (
            Pointer(absorbed, absorbed, at, self.next(absorbed)),
            *(Pointer(i, absorbed, at) for i in self.members(absorbed)[1:]),
        )
        going_on = (
            Pointer(survivor, survivor, at, self.next(survivor)),
            *(Pointer(i, survivor, at) for i in self.members(survivor)[1:]),
        )
        self.events += [going_on + restored, restored]

    def next(self, person):
        self.versions[person] += 1
        return self.versions[person]

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
        self.pointers = {}

    def plan(self, batch):
        news = [pointer for event in batch for pointer in event]
        mentioned = {i for pointer in news for i in (pointer.customer_id, pointer.target_id)}
        canonical = {self.aliases.get(person, person) for person in mentioned}
        stored = {i: target for i, target in self.aliases.items() if target in canonical}
        kept = [p for p in self.pointers.values() if p.customer_id in {*stored, *mentioned}]
        return plan_aliases(stored, kept, news, mentioned=mentioned)

    def apply(self, batch):
        plan = self.plan(batch)
        self.aliases |= plan.aliases
        self.pointers |= {pointer.key: pointer for pointer in plan.pointers}


@given(histories(), st.data())
def test_any_order_repetition_and_batching_gives_the_right_clusters(identity, data):
    waiting = data.draw(st.permutations(identity.events + identity.events))
    copy = Copy()
    while waiting:
        size = data.draw(st.integers(1, len(waiting)))
        copy.apply(waiting[:size])
        waiting = waiting[size:]
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
    copy.apply(identity.events)
    plan = copy.plan(data.draw(st.permutations(identity.events)))
    assert not plan.aliases
    assert not plan.pointers


@given(st.data())
def test_aliases_from_before_pointers_were_kept_follow_and_can_be_undone(data):
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
    for event in data.draw(st.permutations(identity.events)):
        copy.apply([event])
    assert copy.aliases == {person: identity.canonical(person) for person in PEOPLE[:5]}


def test_what_other_customers_events_tell_counts_until_the_own_event_arrives():
    a, b, c, _ = PEOPLE[:4]
    identity, copy = Identity(), Copy()
    identity.merge(b, a)
    merged, redirected = identity.events
    copy.apply([merged])
    assert copy.aliases == {a: b, b: b}
    identity.undo(a)
    identity.merge(c, a)
    copy.apply([redirected])
    copy.apply([identity.events[-1]])
    assert copy.aliases[a] == c
    copy.apply([merged])
    assert copy.aliases[a] == c
