"""The store finds the run and the state of any checkpoint without reading those before it."""

import random
from uuid import UUID, uuid4

import pytest

from common.db import Transaction
from sla.clocks.domain.checkpoints.checkpoint import Checkpoint
from sla.clocks.domain.checkpoints.sides import SIDES, changes_nothing, go_on
from sla.clocks.store import checkpoints
from sla.clocks.store.checkpoints import Checkpoints

COUNT = 30


def random_chain(rng: random.Random) -> list[Checkpoint]:
    """Return stored checkpoints, of which those whose states follow from others are outdated."""
    pool: list[str | None] = rng.sample(SIDES, rng.randint(1, 4))
    chain: list[Checkpoint] = []
    run, was_kept, state = None, True, "state 0"
    for number in range(COUNT):
        stored = state if was_kept or not rng.randint(0, 3) else "outdated"
        side = rng.choice([*pool * 3, None])
        chain.append(
            Checkpoint(
                (number, 1, number), stored, seen=0, size=0, digest="[]", facts="[]", side=side
            )
        )
        is_repeated = changes_nothing(run, side)
        # The first of several that change nothing keeps its state right, the next one need not.
        was_kept = not is_repeated
        if not is_repeated:
            state = f"state {number + 1}"
        run = go_on(run, side)
    return chain


@pytest.mark.parametrize("seed", range(12))
async def test_run_and_state_are_those_of_reading_on_from_the_first(service, seed):
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    chain = random_chain(rng)
    key = ("demo", uuid4())
    await service.database.run(_save, key, chain)
    found = await service.database.run(_before_each, key, chain)
    expected = chain[0]
    for stored, checkpoint in zip(chain, found, strict=True):
        if stored is not chain[0]:
            expected = expected.followed_by(stored)
        assert checkpoint == expected


async def _save(tx: Transaction, key: tuple[str, UUID], chain: list[Checkpoint]) -> None:
    await checkpoints.save_checkpoints(tx, {key: chain})


async def _before_each(
    tx: Transaction, key: tuple[str, UUID], chain: list[Checkpoint]
) -> list[Checkpoint]:
    return [await Checkpoints(tx, key).before(checkpoint.start) for checkpoint in chain]
