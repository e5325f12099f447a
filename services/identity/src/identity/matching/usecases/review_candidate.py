"""Records what a person decided about a candidate, and merges the two if they are one person."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.errors import ConflictError, NotFoundError
from common.ids import new_id
from common.messaging import outbox
from identity.customers.domain.changes import MergeCause
from identity.customers.domain.customers import CustomerLimits
from identity.customers.store.customers import list_customers_by_ids
from identity.events.announcing import announce
from identity.matching.domain.candidates import Candidate, CandidateState, keep_one_question
from identity.matching.domain.unions import Apart, Obstacle, Union, decide_different, decide_same
from identity.matching.events.announcing import announce_candidates, probability
from identity.matching.store.candidate_views import CandidateView, get_candidate_view
from identity.matching.store.candidates import (
    find_candidate,
    list_canonical,
    list_members,
    list_open,
    save_candidates,
    save_states,
)
from identity.matching.store.tenants import mark_pending
from identity.matching.usecases.decide_candidates import evidence_of, origin_of
from identity.registry.usecases.tenant_rules import get_tenant_rules
from identity.resolution.domain.roster import Roster
from identity.resolution.store.obstacles import list_kept_apart
from identity.resolution.store.rosters import save_roster
from identity.resolution.usecases.locked_plan import plan_under_locks

RULE = "review.v1"
UNSPECIFIED = "unspecified"


@dataclass(frozen=True, slots=True)
class ReviewCandidate:
    """Decide whether the two customers of a candidate are one person.

    ``limits`` are the service's, for tenants without rules of their own.
    """

    tenant_id: str
    candidate_id: UUID
    is_same: bool
    actor: str
    reason: str | None
    limits: CustomerLimits


async def review_candidate(
    tx: Transaction, command: ReviewCandidate, *, now: datetime
) -> CandidateView:
    """Return the candidate as it is then; a repeated decision changes nothing.

    Raises NotFoundError for an unknown candidate, and ConflictError for one that needs no decision
    any more or whose customers cannot be merged.
    """
    stored = await find_candidate(tx, command.tenant_id, command.candidate_id)
    if stored is None:
        raise NotFoundError("there is no such candidate")
    state = CandidateState.SAME if command.is_same else CandidateState.DIFFERENT
    if stored.state is state and stored.stays:
        return await get_candidate_view(tx, command.tenant_id, stored.id)
    if not stored.is_asked:
        raise _settled(stored.state)
    decided = replace(
        stored.ended(state), decided_at=now, decided_by=command.actor, reason=command.reason
    )
    await _carry_out(tx, command, stored, now=now)
    await save_candidates(tx, command.tenant_id, [decided])
    await announce_candidates(tx, command.tenant_id, [decided], now=now)
    await _end_others(tx, command.tenant_id, decided, now=now)
    await mark_pending(tx, command.tenant_id)
    return await get_candidate_view(tx, command.tenant_id, stored.id)


async def _carry_out(
    tx: Transaction, command: ReviewCandidate, candidate: Candidate, *, now: datetime
) -> None:
    """Record the decision, and merge the two if they are one person.

    Raises ConflictError if an earlier decision or the limits do not allow it.
    """
    apart: Apart = frozenset()
    limits = (await get_tenant_rules(tx, command.tenant_id, command.limits)).limits

    async def load() -> Roster:
        nonlocal apart
        apart = await list_kept_apart(tx, command.tenant_id, candidate.pair)
        customers = await list_customers_by_ids(tx, command.tenant_id, candidate.pair)
        return Roster(customers, rules_version=limits.rules_version)

    async def plan(roster: Roster) -> None:
        union = Union(
            *candidate.pair, _cause(command, candidate), score=probability(candidate.log_odds)
        )
        if command.is_same:
            obstacle = decide_same(
                roster, union, apart, limits, decision_id=candidate.id, merge_id=new_id(),
                now=now,
            )  # fmt: skip
            if obstacle is not None:
                raise _conflict(obstacle)
        elif not decide_different(roster, union, limits.types, decision_id=candidate.id, now=now):
            raise _settled(CandidateState.MERGED)

    roster, _ = await plan_under_locks(tx, command.tenant_id, load=load, plan=plan)
    if roster.pending:
        await save_roster(tx, command.tenant_id, roster, now=now)
        events = announce(roster.pending.changes, tenant_id=command.tenant_id, now=now)
        await outbox.record(tx, events)


def _cause(command: ReviewCandidate, candidate: Candidate) -> MergeCause:
    evidence = (origin_of(candidate), *evidence_of(candidate))
    return MergeCause(command.reason or UNSPECIFIED, RULE, command.actor, evidence)


def _settled(state: CandidateState) -> ConflictError:
    return ConflictError(
        f"the candidate is {state.value}, so there is nothing to decide; list the open ones",
        type_suffix="candidate-settled",
    )


def _conflict(obstacle: Obstacle) -> ConflictError:
    if obstacle is Obstacle.KEPT_APART:
        return ConflictError(
            "a person decided that the two are two people; withdraw that decision first",
            type_suffix="customers-kept-apart",
        )
    return ConflictError(
        "the merged customer would have more identifiers or attributes than one may have",
        type_suffix="customer-too-large",
    )


async def _end_others(
    tx: Transaction, tenant_id: str, decided: Candidate, *, now: datetime
) -> None:
    """End the questions that the decision has answered: those of what is one customer now."""
    canonical = await list_members(tx, tenant_id, decided.pair)
    related = await list_open(tx, tenant_id, canonical)
    open_ones = [each for each in related if each.pair != decided.pair]
    if open_ones:
        ids = {each for candidate in open_ones for each in candidate.pair}
        canonical = await list_canonical(tx, tenant_id, ids)
        _, ended = keep_one_question([], open_ones, canonical)
        await save_states(tx, tenant_id, ended)
        await announce_candidates(tx, tenant_id, ended, now=now)
