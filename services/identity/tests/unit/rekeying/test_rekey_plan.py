"""Which key an old one becomes, and what happens when another customer has it."""

from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identifiers import IdentifierKey
from identity.customers.domain.changes import IdentifierAdded, IdentifierRemoved
from identity.customers.domain.customers import Customer, CustomerLimits
from identity.customers.domain.identifiers import Identifier, Level
from identity.rekeying.domain.rekey_plan import OldKey, Rekeying, RekeyOutcome, new_key, rekey
from identity.resolution.domain.roster import Roster
from services.identity.tests.unit.builders import customer, identifier

ANNA, BERTA = UUID(int=1), UUID(int=2)
C, P, V = Level.CLAIMED, Level.CHANNEL_PROVED, Level.VERIFIED
OLD = IdentifierKey("whatsapp", "", "+442079460018")
NEW = IdentifierKey("phone", "", "+442079460018")


def rekeyed(roster: Roster, *moves: tuple[IdentifierKey, IdentifierKey]) -> Rekeying:
    ids = count(100)
    return rekey(
        roster,
        moves or [(OLD, NEW)],
        limits=CustomerLimits(),
        new_id=lambda: UUID(int=next(ids)),
    )


@pytest.mark.parametrize(
    ("old", "raw", "source", "new"),
    [
        (OLD, "442079460018", None, NEW),
        (OLD, "020 7946 0018", None, NEW),
        (("email", "shop", "a@nordlys.se"), "a@nordlys.se", None, ("email", "", "a@nordlys.se")),
        (("phone", "", "+4949345678901"), "49(0)345 678901", None, ("phone", "", "+49345678901")),
        (("phone", "", "+551187654321"), "+551187654321", None, ("phone", "", "+5511987654321")),
        (("device", "", "3F2504E0-4F89-11D3-9A0C-0305E82C3301"),
         "3F2504E0-4F89-11D3-9A0C-0305E82C3301", None,
         ("device", "", "3f2504e0-4f89-11d3-9a0c-0305e82c3301")),
        (("external_id", "", "1001"), "1001", "shop", ("external_id", "shop", "1001")),
        (("external_id", "", "1001"), "1001", None, None),
        (("external_id", "", "#N/A"), "#N/A", "shop", None),
        (("email", "", "noreply2@a.test"), "noreply2@a.test", None, None),
        (("phone", "", "+442079460018"), "+442079460018", None, NEW),
    ],
)  # fmt: skip
def test_the_new_key_comes_of_the_first_spelling_or_else_of_the_old_key(old, raw, source, new):
    assert new_key(OldKey(IdentifierKey(*old), raw, source)) == new


def test_an_identifier_moves_with_its_proof_and_is_announced():
    roster = Roster([customer(1, identifier("whatsapp", "+442079460018", P))])
    assert rekeyed(roster).outcomes == {RekeyOutcome.MOVED: 1}
    anna = roster.get(ANNA)
    assert {key: each.level for key, each in anna.identifiers.items()} == {NEW: P}
    removed, added = roster.pending.changes
    assert isinstance(removed, IdentifierRemoved)
    assert isinstance(added, IdentifierAdded)
    assert (removed.identifier.key, added.identifier.key) == (OLD, NEW)
    assert [removed.customer.version, added.customer.version] == [2, 3]


@pytest.mark.parametrize(("old", "held", "after"), [(P, C, P), (C, P, P), (V, V, V)])
def test_two_spellings_of_one_customer_become_one_at_the_better_level(old, held, after):
    roster = Roster(
        [
            customer(
                1,
                identifier("whatsapp", "+442079460018", old),
                identifier("phone", "+442079460018", held),
            )
        ]
    )
    assert rekeyed(roster).outcomes == {RekeyOutcome.JOINED: 1}
    assert {k: i.level for k, i in roster.get(ANNA).identifiers.items()} == {NEW: after}


def two(first: Level, second: Level, *more: tuple[int, str]) -> Roster:
    own: dict[int, list[Identifier]] = {1: [], 2: []}
    for number, value in more:
        own[number].append(identifier("external_id", value, V, "shop"))
    return Roster(
        [
            customer(1, identifier("whatsapp", "+442079460018", first), *own[1]),
            customer(2, identifier("phone", "+442079460018", second), *own[2]),
        ]
    )


@pytest.mark.parametrize("level", [P, V])
def test_two_customers_who_proved_one_identifier_are_merged(level):
    roster = two(level, level)
    done = rekeyed(roster)
    assert done.outcomes == {RekeyOutcome.MERGED: 1}
    assert done.conflicts == []
    assert roster.find(ANNA) == roster.find(BERTA)
    survivor = roster.find(ANNA)
    assert survivor is not None
    assert list(survivor.identifiers) == [NEW]
    [merge] = roster.pending.merges
    assert merge.cause.rule == "normaliser.v2"


@pytest.mark.parametrize(
    ("roster", "winner"),
    [
        (two(C, P), BERTA),
        (two(P, C), ANNA),
        (two(C, C), BERTA),
        (two(P, V), BERTA),
        (two(V, P), ANNA),
        (two(V, V, (1, "C-1"), (2, "C-2")), BERTA),
    ],
)
def test_otherwise_the_better_proved_keeps_the_key_and_the_other_is_told_of(roster, winner):
    done = rekeyed(roster)
    assert done.outcomes == {RekeyOutcome.CONFLICT: 1}
    loser = BERTA if winner == ANNA else ANNA
    holder = roster.owner(NEW)
    assert holder is not None
    assert holder.id == winner
    [conflict] = done.conflicts
    assert (conflict.key, conflict.customer_id, conflict.held_by) == (NEW, loser, winner)
    assert roster.find(loser) != roster.find(winner)


def test_a_move_that_somebody_else_has_made_is_left_out():
    roster = Roster([customer(1, identifier("phone", "+442079460018", P))])
    assert not rekeyed(roster).outcomes
    assert not roster.pending


LEVELS = st.sampled_from([C, P, V])


@given(st.lists(st.tuples(LEVELS, st.booleans()), min_size=1, max_size=6), st.randoms())
def test_no_identifier_is_lost_without_a_conflict_and_each_key_has_one_owner(owners, random):
    """Several customers hold spellings of one identifier, in whatever order they come."""
    customers: list[Customer] = []
    moves = []
    for number, (level, verified) in enumerate(owners, start=1):
        spelling = identifier("telegram", f"old-{number}", level)
        own = [identifier("external_id", f"C-{number}", V, "shop")] if verified else []
        customers.append(customer(number, spelling, *own))
        moves.append((spelling.key, IdentifierKey("telegram", "", "anna")))
    random.shuffle(moves)
    roster = Roster(customers)
    done = rekeyed(roster, *moves)
    assert sum(done.outcomes.values()) == len(owners)
    key = IdentifierKey("telegram", "", "anna")
    holders = {c.id for n in roster.customer_ids if key in (c := roster.get(n)).identifiers}
    assert len(holders) == 1
    assert done.outcomes[RekeyOutcome.CONFLICT] == len(done.conflicts)
    for conflict in done.conflicts:
        assert conflict.customer_id != conflict.held_by
    assert {c.id for c in customers} == {c.id for c in customers if roster.find(c.id) is not None}
