"""Which customers are joined, on what would result."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from identity.matching.domain import clusters
from identity.matching.domain.clusters import MAX_PROFILES, Edge, Partition, Refusal, decide
from identity.matching.domain.model import Model
from identity.matching.domain.profiles import Profile, read_profile
from identity.matching.domain.quality import largest, measure

MODEL = Model.unlearned(1_000)
ANNA = read_profile({"name": "Anna Ashcroft", "birth_date": "1984-05-06", "city": "Perth"})
PETER = read_profile({"name": "Peter Ashcroft", "birth_date": "1961-11-23", "city": "Perth"})


def ids(count: int) -> list[UUID]:
    return [UUID(int=number) for number in range(1, count + 1)]


def edge(left: UUID, right: UUID, log_odds: float = 9.0) -> Edge:
    return Edge(min(left, right), max(left, right), log_odds)


def test_likely_pairs_become_one_customer():
    a, b, c = ids(3)
    partition = Partition([])
    decision = decide([edge(a, b), edge(b, c)], partition, dict.fromkeys((a, b, c), ANNA), MODEL)
    assert sorted(partition.members(a)) == [a, b, c]
    assert len(decision.unions) == 2
    assert decision.refused == {}


def test_a_chain_does_not_join_two_people():
    a, b, c = ids(3)
    nameless = Profile(city="perth", emails=("x@nordlys.se",))
    partition = Partition([])
    edges = [edge(a, b, 9.0), edge(b, c, 8.0)]
    decision = decide(edges, partition, {a: ANNA, b: nameless, c: PETER}, MODEL)
    assert decision.refused[b, c] in {Refusal.CONTRADICTION, Refusal.WEAK}
    assert c not in partition.members(a)


def test_a_decision_of_a_person_holds_between_any_two_members():
    a, b, c, d = ids(4)
    partition = Partition([[a, b], [c, d]])
    decision = decide(
        [edge(a, c)],
        partition,
        dict.fromkeys((a, b, c, d), ANNA),
        MODEL,
        lambda left, right: {left, right} == {b, d},
    )
    assert decision.refused == {(a, c): Refusal.KEPT_APART}


def test_a_customer_does_not_grow_beyond_the_limit():
    many = ids(MAX_PROFILES + 1)
    partition = Partition([many[:-1]])
    decision = decide([edge(many[0], many[-1])], partition, dict.fromkeys(many, ANNA), MODEL)
    assert list(decision.refused.values()) == [Refusal.TOO_LARGE]


def test_different_customer_numbers_of_one_source_stay_apart():
    a, b = ids(2)
    left, right = (
        read_profile({"name": "Anna Ashcroft"}, (), {"external_id:shop": number})
        for number in ("1", "2")
    )
    decision = decide([edge(a, b)], Partition([]), {a: left, b: right}, MODEL)
    assert decision.refused == {(a, b): Refusal.CONTRADICTION}


@given(st.permutations(range(6)), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5))))
def test_the_order_of_pairs_makes_no_difference(order: list[int], pairs: list[tuple[int, int]]):
    people = ids(6)
    profiles = {each: ANNA if number % 2 else PETER for number, each in enumerate(people)}
    edges = [edge(people[one], people[other], 5.0 + one) for one, other in pairs if one != other]
    shuffled = sorted(edges, key=lambda each: order[each.left.int % 6])
    partitions = [Partition([]), Partition([])]
    for partition, given_edges in zip(partitions, (edges, shuffled), strict=True):
        clusters.decide(given_edges, partition, profiles, MODEL)
    first, second = ([sorted(p.members(each)) for each in people] for p in partitions)
    assert first == second
    for each in people:
        assert all(profiles[member] == profiles[each] for member in partitions[0].members(each))


def test_quality_counts_pairs_and_households():
    quality = measure(
        clusters=[1, 1, 1, 2], truth=["a", "a", "b", "b"], households=["h", "h", "h", None]
    )
    assert (quality.found_pairs, quality.true_pairs, quality.false_pairs) == (3, 2, 2)
    assert quality.precision == 1 / 3
    assert quality.recall == 1 / 2
    assert quality.false_pairs_within_households == 2
    assert largest([1, 1, 1, 2]) == 3
