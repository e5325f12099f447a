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
    truth = {one: canonical for canonical, names in clusters.items() for one in names}
    return merges, truth


def apply(known, batch):
    plan = plan_aliases(known, batch)
    moved = {one: plan.moves.get(canonical, canonical) for one, canonical in known.items()}
    return moved | dict(plan.rows)


@given(histories(), st.data())
def test_any_order_repetition_and_batching_gives_the_true_clusters(history, data):
    merges, truth = history
    told = data.draw(st.permutations(merges + merges))
    known: dict[Any, Any] = {}
    while told:
        size = data.draw(st.integers(1, len(told)))
        known = apply(known, told[:size])
        told = told[size:]
    assert all(truth[one] == canonical for one, canonical in known.items())
    assert {one for merge in merges for one in merge.ids()} <= set(known)


@given(histories(), st.data())
def test_there_is_never_more_than_one_hop(history, data):
    merges, _ = history
    known: dict[Any, Any] = {}
    for merge in data.draw(st.permutations(merges)):
        known = apply(known, [merge])
        assert all(known[canonical] == canonical for canonical in known.values())


def test_a_customer_merged_with_itself_stays_alone():
    assert apply({}, [Merge(PEOPLE[0], (PEOPLE[0],))]) == {PEOPLE[0]: PEOPLE[0]}
