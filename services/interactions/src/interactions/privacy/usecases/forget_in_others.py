"""Takes an erased person out of the copies of customers who stay."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from common.db import Transaction
from common.erasing import Erasure, Progress, Step
from interactions.context.store.customers.versions import list_versions, save_compactions
from interactions.context.store.keys import Key
from interactions.context.store.profiles import lock_profiles, save_profiles
from interactions.privacy.domain.pasts import Forgotten, compact_past, forget
from interactions.privacy.store.others import (
    PAGE,
    delete_pointers,
    list_naming,
    list_partners,
)


async def forget_partners(tx: Transaction, erasure: Erasure) -> Progress:
    """Forget the past of those who were one with the person, up to when they were parted."""
    partners = await list_partners(tx, erasure.tenant_id, erasure.subject_ids)
    await _forget(
        tx,
        erasure,
        {
            partner_id: Forgotten(erasure.needles, parted_at)
            for partner_id, parted_at in partners.items()
        },
    )
    await delete_pointers(tx, erasure.tenant_id, erasure.subject_ids)
    return Progress(len(partners))


async def forget_mentions(tx: Transaction, erasure: Erasure) -> Progress:
    """Forget identifiers of the person that others had once, or claim."""
    page = await list_naming(tx, erasure, after=UUID(erasure.cursor) if erasure.cursor else None)
    await _forget(tx, erasure, dict.fromkeys(page.naming, Forgotten(erasure.needles)))
    return Progress(len(page.naming), str(page.last) if page.last and page.read == PAGE else None)


async def _forget(tx: Transaction, erasure: Erasure, forgotten: Mapping[UUID, Forgotten]) -> None:
    keys: Sequence[Key] = [(erasure.tenant_id, customer_id) for customer_id in sorted(forgotten)]
    if not keys:
        return
    stored = await lock_profiles(tx, keys)
    versions = await list_versions(tx, keys)
    compactions = {
        key: compaction
        for key in keys
        if (compaction := compact_past(versions.get(key, []), forgotten[key[1]])) is not None
    }
    await save_compactions(tx, compactions)
    profiles = {key: forget(each.profile, forgotten[key[1]]) for key, each in stored.items()}
    changed = {key: after for key, after in profiles.items() if after != stored[key].profile}
    if changed:
        await save_profiles(tx, changed, now=max(stored[key].updated_at for key in changed))


STEPS = (
    Step("customer_pointer", forget_partners),
    Step("customer_version", forget_mentions),
)
