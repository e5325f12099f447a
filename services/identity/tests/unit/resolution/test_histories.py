"""Long histories of people who share devices and pass numbers on: live, replayed, from scratch."""

from collections import Counter
from random import Random

import pytest

from identity.customers.domain.changes import (
    CustomersMerged,
    CustomerSplit,
    IdentifierClaimed,
    IdentifierRemoved,
)
from identity.resolution.domain.graph.partition import divide
from identity.resolution.domain.roster import Roster
from services.identity.tests.unit.builders import C, P, V, assert_sound
from services.identity.tests.unit.resolution.test_partition import (
    ROOM_FOR_DEVICES,
    Seen,
    evidence_of,
    proved,
    replayed,
)

HISTORIES, EVENTS, PERSONS = 500, 24, 6


def history(random: Random) -> list[Seen]:
    """Return what a few people show over some days, who share devices and a landline.

    Half-way through, each mobile number goes over to the next of them.
    """
    events = []
    for hour in range(EVENTS):
        person = random.randrange(PERSONS)
        keeper = person if hour < EVENTS // 2 else (person + 1) % PERSONS
        own = [
            ("email", f"p{person}@nordlys.se", random.choice([P, V])),
            ("external_id", f"n{person}", random.choice([P, V])),
            ("phone", f"+4670174060{keeper}", random.choice([P, V])),
            ("phone", f"+46850000{person // 3:03}", P),
            ("cookie", f"c{person // 2}", P),
            ("email", f"p{random.randrange(PERSONS)}@nordlys.se", C),
        ]
        shown = {(kind, value): level for kind, value, level in reversed(own)}
        chosen = random.sample(sorted(shown), random.choice([1, 2, 2, 3]))
        events.append(Seen(hour, tuple((*key, shown[key]) for key in chosen)))
    return events


def from_scratch(events: list[Seen]) -> set[frozenset[str]]:
    """Return the partition of the evidence of all events at once."""
    known = [
        event._replace(shown=tuple(item for item in event.shown if item[2] is not C))
        for event in events
    ]
    partition = divide(*evidence_of([event for event in known if event.shown]), ROOM_FOR_DEVICES)
    return {frozenset(f"{key.type}:{key.value}" for key in keys) for keys in partition.clusters}


@pytest.mark.parametrize("block", range(10))
def test_live_equals_replay_and_what_all_evidence_says_at_once(block):
    for seed in range(block * HISTORIES // 10, (block + 1) * HISTORIES // 10):
        random = Random(seed)  # noqa: S311
        events = history(random)
        live = replayed(events, ROOM_FOR_DEVICES)
        again = random.sample([*events, *events], 2 * EVENTS)
        assert proved(replayed(again, ROOM_FOR_DEVICES)) == proved(live), seed
        assert from_scratch(events) == proved(live), seed
        assert_sound(live, {change.customer.id for change in live.pending.changes})


def test_the_histories_hold_everything_that_can_happen():
    """Otherwise the test above compares nothing worth comparing."""
    kinds: Counter[str] = Counter()
    for seed in range(60):
        live: Roster = replayed(history(Random(seed)), ROOM_FOR_DEVICES)  # noqa: S311
        kinds.update(type(change).__name__ for change in live.pending.changes)
        kinds["quarantined"] += len(live.pending.quarantined)
    wanted = {CustomersMerged, CustomerSplit, IdentifierClaimed, IdentifierRemoved}
    assert all(kinds[kind] > 20 for kind in ("quarantined", *(kind.__name__ for kind in wanted)))
