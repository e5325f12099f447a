"""Learns a tenant's model from a sample of its profiles, and from what people decided."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from uuid import UUID

from common.db import Transaction
from identity.matching.domain.learning import Pair, learn
from identity.matching.domain.model import Model
from identity.matching.domain.profiles import Profile
from identity.matching.store.candidates import list_labels
from identity.matching.store.profiles import list_blocks, list_profiles, list_sample
from identity.matching.store.tenants import MatchTenant, save_model

SAMPLE = 2_000
"""Profiles that a model is learned from."""
MAX_PAIRS = 10_000
STRANGERS = 3_000
MAX_LABELS = 1_000
FEWEST = 100
"""Fewer profiles teach nothing."""
MORE_LABELS = 1.2


def is_due(tenant: MatchTenant, labels: int) -> bool:
    """Return whether a tenant has twice the profiles, or many more decisions than at last."""
    if tenant.profiles < FEWEST:
        return False
    return (
        tenant.profiles >= 2 * tenant.learned_from
        or labels >= MORE_LABELS * tenant.learned_labels + 5
    )


async def learn_model(tx: Transaction, tenant: MatchTenant) -> Model | None:
    """Return the tenant's new model, which is stored; None if there is nothing new to learn."""
    labels = await list_labels(tx, tenant.tenant_id, count=MAX_LABELS)
    if not is_due(tenant, len(labels)):
        return None
    sample = await list_sample(tx, tenant.tenant_id, count=SAMPLE)
    keys = (key for stored in sample.values() for key in stored.keys)
    pairs = pairs_of(await list_blocks(tx, tenant.tenant_id, keys), sample)
    chosen = sorted(pairs, key=_draw)[:MAX_PAIRS]
    labelled = {(left, right): is_match for left, right, is_match in labels}
    ids = {each for pair in (*chosen, *labelled) for each in pair}
    stored_profiles = await list_profiles(tx, tenant.tenant_id, ids | sample.keys())
    profiles = {each: stored.profile for each, stored in stored_profiles.items()}
    compared = chosen + [pair for pair in labelled if pair not in pairs]
    share = len(chosen) / len(pairs) if pairs else 1.0
    # It takes a few tenths of a second, during which the requests of this process are answered.
    model = await asyncio.to_thread(
        learn,
        [stored.profile for stored in sample.values()],
        [
            Pair(profiles[left], profiles[right], labelled.get((left, right)))
            for left, right in compared
            if left in profiles and right in profiles
        ],
        list(_strangers([profiles[each] for each in sorted(sample)])),
        chosen_from=share * len(sample) * (tenant.profiles - (len(sample) + 1) / 2),
        population=tenant.profiles,
        version=tenant.model.version + 1,
    )
    await save_model(tx, tenant.tenant_id, model, labels=len(labels))
    return model


def pairs_of(
    blocks: Iterable[Iterable[UUID]], concerned: Mapping[UUID, object]
) -> set[tuple[UUID, UUID]]:
    """Return the pairs that have a block in common, of which at least one is ``concerned``."""
    pairs: set[tuple[UUID, UUID]] = set()
    for block in blocks:
        members = sorted(block)
        inner = [each for each in members if each in concerned]
        if len(inner) == len(members):
            pairs.update(combinations(members, 2))
        else:
            pairs.update(
                (one, other) if one < other else (other, one)
                for one in inner
                for other in members
                if one is not other
            )
    return pairs


def _draw(pair: tuple[UUID, UUID]) -> int:
    """Return a number that orders pairs as good as at random, always in the same way."""
    return hash((pair[0].int ^ pair[1].int) & 0xFFFFFFFFFFFFFFF)


def _strangers(profiles: list[Profile]) -> Iterator[Pair]:
    """Yield pairs that have nothing to do with each other, as good as at random."""
    size = len(profiles)
    for number in range(STRANGERS):
        left, right = number * 7_919 % size, (number * 104_729 + number // size + 1) % size
        if left != right:
            yield Pair(profiles[left], profiles[right])
