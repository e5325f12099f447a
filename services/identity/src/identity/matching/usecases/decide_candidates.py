"""Decides proposed candidates: merges what is one person, and asks people about the rest."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from common.db import Transaction
from identity.customers.domain.changes import MergeCause
from identity.customers.domain.customers import CustomerLimits
from identity.matching.domain.candidates import (
    Candidate,
    CandidateState,
    keep_one_question,
)
from identity.matching.domain.clusters import Decision, Edge, Partition, decide
from identity.matching.domain.model import Band, Model
from identity.matching.domain.unions import Obstacle, Union
from identity.matching.events.announcing import announce_candidates
from identity.matching.store.candidates import (
    list_canonical,
    list_members,
    list_open,
    list_proposed,
    save_states,
)
from identity.matching.store.profiles import list_profiles
from identity.matching.usecases.merge_matches import merge_matches
from identity.resolution.domain.placement import ENGINE
from identity.resolution.store.obstacles import list_kept_apart

RULE = "matching.v1"
REASON = "alike in name, birth date, address or contacts"

Pair = tuple[UUID, UUID]


async def decide_candidates(
    tx: Transaction,
    tenant_id: str,
    model: Model,
    limits: CustomerLimits,
    *,
    count: int,
    now: datetime,
) -> int:
    """Decide up to ``count`` candidates, the likeliest first; return how many."""
    proposed = await list_proposed(tx, tenant_id, count=count)
    if not proposed:
        return 0
    ids = {each for candidate in proposed for each in candidate.pair}
    canonical = await list_members(tx, tenant_id, ids)
    open_ones = await list_open(tx, tenant_id, canonical)
    ids = {each for candidate in open_ones for each in candidate.pair} - canonical.keys()
    canonical |= await list_canonical(tx, tenant_id, ids)
    scope = _Scope(tenant_id, proposed, open_ones, canonical)
    decision = await _decide(tx, scope, model)
    refused: dict[Pair, str] = dict(decision.refused)
    by_pair = {each.pair: each for each in proposed}
    unions = [_union(by_pair[edge.pair]) for edge in decision.unions]
    if unions:
        refused |= await merge_matches(tx, tenant_id, unions, limits, now=now)
        scope = replace(scope, canonical=await list_members(tx, tenant_id, canonical))
    await _ask(tx, scope, refused, now=now)
    return len(proposed)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What is to be decided, and what is stored of the customers concerned.

    ``open_ones`` are questions about the same customers, ``canonical`` each profile's customer.
    """

    tenant_id: str
    proposed: Sequence[Candidate]
    open_ones: Sequence[Candidate]
    canonical: Mapping[UUID, UUID]


async def _decide(tx: Transaction, scope: _Scope, model: Model) -> Decision:
    """Decide what is in the automatic band, on the customers that would result."""
    edges = [
        Edge(*each.pair, each.log_odds)
        for each in scope.proposed
        if model.band(each.log_odds) is Band.AUTO
    ]
    if not edges:
        return Decision()
    clusters: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for member, customer_id in scope.canonical.items():
        clusters[customer_id].append(member)
    stored = await list_profiles(tx, scope.tenant_id, scope.canonical)
    profiles = {each: profile.profile for each, profile in stored.items()}
    apart = await list_kept_apart(tx, scope.tenant_id, clusters)

    def are_apart(left: UUID, right: UUID) -> bool:
        one, other = scope.canonical[left], scope.canonical[right]
        return (min(one, other), max(one, other)) in apart

    return decide(edges, Partition(clusters.values()), profiles, model, are_apart)


async def _ask(
    tx: Transaction, scope: _Scope, refused: Mapping[Pair, str], *, now: datetime
) -> None:
    """Ask people about what the engine did not decide."""
    decided, left = [], []
    for each in scope.proposed:
        refusal = refused.get(each.pair)
        if refusal == Obstacle.KEPT_APART:
            decided.append(each)
        else:
            left.append(replace(each, refusal=refusal))
    questions, ended = keep_one_question(left, scope.open_ones, scope.canonical)
    over = [each.ended(CandidateState.EXPIRED, Obstacle.KEPT_APART) for each in decided]
    await save_states(tx, scope.tenant_id, [*questions, *ended, *over])
    asked = {each.pair for each in (*scope.proposed, *scope.open_ones) if each.is_asked}
    news = [each for each in questions if each.pair not in asked]
    news += [each for each in (*ended, *over) if each.pair in asked]
    await announce_candidates(tx, scope.tenant_id, news, now=now)


def _union(candidate: Candidate) -> Union:
    evidence = (origin_of(candidate), *evidence_of(candidate))
    return Union(*candidate.pair, MergeCause(REASON, RULE, ENGINE, evidence))


def origin_of(candidate: Candidate) -> Mapping[str, Any]:
    """Return where a decision comes from: the candidate, and the model that scored it."""
    return {
        "candidate_id": str(candidate.id),
        "log_odds": round(candidate.log_odds, 2),
        "model_version": candidate.model_version,
    }


def evidence_of(candidate: Candidate) -> tuple[Mapping[str, Any], ...]:
    """Return what each field says, without its values."""
    return tuple(
        {"field": each.field, "level": each.level, "weight": round(each.weight, 2)}
        for each in candidate.evidence
    )
