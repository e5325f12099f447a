"""Move what was said while two customers were taken for one to the one who said it."""

from dataclasses import replace
from datetime import datetime, timedelta

from common.db import Transaction
from interactions.context.domain.refiling import choose_interactions
from interactions.context.store import clocks
from interactions.context.store.customers import refilings
from interactions.context.store.customers.refilings import Walk
from interactions.history import MoveInteractions, move_interactions

PAUSE = timedelta(seconds=60)
"""After it, all is looked at once more: a message may have been resolved just before the two were
told apart, and recorded after the first walk."""
WALKS = 2


async def refile_interactions(
    tx: Transaction, *, count: int, region: str | None, now: datetime
) -> bool:
    """Look at the next ``count`` interactions of a refiling; return whether there was one.

    ``region`` is for numbers that name no country.
    """
    walk = await refilings.claim_refiling(tx)
    if walk is None:
        return False
    page = await refilings.list_page(tx, walk, count=count, region=region)
    chosen = choose_interactions(page.interactions, walk.contact_keys)
    if chosen:
        command = MoveInteractions(
            walk.tenant_id,
            walk.from_id,
            walk.customer_id,
            {each.interaction_id: each.conversation_id for each in chosen},
            walk.contact_keys,
        )
        moved = await move_interactions(tx, command, now=now)
        await clocks.save_clock_customers(
            tx, walk.tenant_id, moved.conversation_ids, customer_id=walk.customer_id
        )
    await _go_on(tx, walk, page.last)
    return True


async def _go_on(tx: Transaction, walk: Walk, last: tuple[datetime, int] | None) -> None:
    if last is not None:
        following = replace(walk, after=last)
    elif walk.place < len(walk.from_ids):
        following = replace(walk, place=walk.place + 1, after=None)
    elif walk.walks + 1 < WALKS:
        following = replace(walk, place=1, after=None, walks=walk.walks + 1)
    else:
        await refilings.delete_walk(tx, walk)
        return
    await refilings.save_walk(tx, following, pause=PAUSE)
