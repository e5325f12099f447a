"""Any order of the same merges gives the same clusters, one hop deep."""

from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from interactions.context.domain.aliases import Merge, plan_aliases

PEOPLE = [UUID(int=n) for n in range(1, 9)]


@st.composite
def histories(draw):
    """Merges as identity decides them: always between two canonical customers, naming all ids."""
    clusters = {person: [person] for person in PEOPLE}
    merges = []
    for _ in range(draw(st.integers(0, len(PEOPLE) - 1))):
        survivor, absorbed = draw(st.permutations(sorted(clusters)))[:2]
        names = clusters.pop(absorbed)
        merges.append(Merge(survivor, tuple(names)))
        merges.append(Merge(survivor, (absorbed,)))  # the redirect on the absorbed id's own key
        clusters[survivor] += names
    truth = {person: canonical for canonical, names in clusters.items() for person in names}
    return merges, truth


def apply(aliases, batch):
    plan = plan_aliases(aliases, batch)
    moved = {person: plan.moves.get(canonical, canonical) for person, canonical in aliases.items()}
    return moved | dict(plan.rows)


@given(histories(), st.data())
def test_any_order_repetition_and_batching_gives_the_right_clusters(history, data):
    merges, truth = history
    waiting = data.draw(st.permutations(merges + merges))
    aliases: dict[Any, Any] = {}
    while waiting:
        size = data.draw(st.integers(1, len(waiting)))
        aliases = apply(aliases, waiting[:size])
        waiting = waiting[size:]
    assert all(truth[person] == canonical for person, canonical in aliases.items())
    assert {person for merge in merges for person in merge.ids()} <= set(aliases)


@given(histories(), st.data())
def test_there_is_never_more_than_one_hop(history, data):
    merges, _ = history
    aliases: dict[Any, Any] = {}
    for merge in data.draw(st.permutations(merges)):
        aliases = apply(aliases, [merge])
        assert all(aliases[canonical] == canonical for canonical in aliases.values())


def test_a_customer_merged_with_itself_stays_alone():
    assert apply({}, [Merge(PEOPLE[0], (PEOPLE[0],))]) == {PEOPLE[0]: PEOPLE[0]}
