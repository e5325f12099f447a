"""Compares profiles with those that share a blocking key, and proposes candidates."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.ids import new_id
from common.runtime import in_turns
from identity.matching.domain.candidates import (
    Candidate,
    CandidateState,
    new_candidate,
    propose,
)
from identity.matching.domain.likeness.comparison import compare
from identity.matching.domain.model import Band, Model
from identity.matching.domain.profiles import Profile
from identity.matching.events.announcing import announce_candidates
from identity.matching.store.candidates import (
    list_candidates_of,
    list_canonical,
    save_candidates,
)
from identity.matching.store.profiles import (
    list_blocks,
    list_compared,
    list_stale_profiles,
    mark_compared,
)
from identity.matching.usecases.learn_model import pairs_of

Pair = tuple[UUID, UUID]


async def compare_profiles(
    tx: Transaction, tenant_id: str, model: Model, *, count: int, now: datetime
) -> int:
    """Compare up to ``count`` profiles that were not with this model; return how many.

    A pair is compared once: with the later of its two profiles.
    """
    stale = await list_stale_profiles(tx, tenant_id, model=model.version, count=count)
    if not stale:
        return 0
    keys = (key for each in stale.values() for key in each.keys)
    pairs = pairs_of(await list_blocks(tx, tenant_id, keys), stale)
    others = {each for pair in pairs for each in pair} - stale.keys()
    ready, waiting = await list_compared(tx, tenant_id, others, model=model.version)
    profiles = ready | {each: stored.profile for each, stored in stale.items()}
    stored = await list_candidates_of(tx, tenant_id, stale)
    canonical = await list_canonical(tx, tenant_id, profiles)
    scored = await _score(pairs, profiles, canonical, model, now=now)
    compared = _Compared(scored, stored, frozenset(profiles.keys() | (others - waiting)), model)
    await _save(tx, tenant_id, compared, now=now)
    await mark_compared(tx, tenant_id, stale, model=model.version)
    return len(stale)


async def _score(
    pairs: Iterable[Pair],
    profiles: Mapping[UUID, Profile],
    canonical: Mapping[UUID, UUID],
    model: Model,
    *,
    now: datetime,
) -> dict[Pair, Candidate]:
    """Return the pairs of two customers that are not in the lowest band."""
    scored: dict[Pair, Candidate] = {}
    async for pair in in_turns(pairs):
        left, right = profiles.get(pair[0]), profiles.get(pair[1])
        if left is None or right is None:
            continue
        if canonical.get(pair[0]) == canonical.get(pair[1]):
            continue
        vector = compare(left, right)
        if model.band(model.log_odds(vector, left, right)) is Band.NO:
            continue
        score = model.score(vector, left, right)
        scored[pair] = new_candidate(new_id(), pair, score, model_version=model.version, now=now)
    return scored


@dataclass(frozen=True, slots=True)
class _Compared:
    """Candidates by their pairs: as they were scored now, and as they are stored."""

    scored: Mapping[Pair, Candidate]
    stored: Mapping[Pair, Candidate]
    profiles: AbstractSet[UUID]
    """The profiles of which all pairs were scored."""
    model: Model


async def _save(tx: Transaction, tenant_id: str, compared: _Compared, *, now: datetime) -> None:
    """Propose what was scored; questions whose evidence is gone or another expire."""
    changed: list[Candidate] = []
    expired: list[Candidate] = []
    for pair, fresh in compared.scored.items():
        before = compared.stored.get(pair)
        is_automatic = compared.model.band(fresh.log_odds) is Band.AUTO
        after = propose(before, fresh, is_automatic=is_automatic)
        if after is not None:
            changed.append(after)
        if before and after and before.is_asked and after.id != before.id:
            expired.append(before.ended(CandidateState.EXPIRED, "evidence_changed"))
    for pair, before in compared.stored.items():
        if pair in compared.scored or not before.state.is_waiting:
            continue
        if compared.profiles >= set(pair):
            ended = before.ended(CandidateState.EXPIRED, "evidence_changed")
            changed.append(ended)
            if before.is_asked:
                expired.append(ended)
    await save_candidates(tx, tenant_id, changed)
    await announce_candidates(tx, tenant_id, expired, now=now)
