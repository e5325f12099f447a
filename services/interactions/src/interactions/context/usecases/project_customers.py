"""Project identity's events into our copy of customers: which ids are one customer, and who it is.

The number of statements depends on the kinds of events in a batch, not on their number.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from interactions.context.domain.aliases import Moment, Pointer, plan_aliases
from interactions.context.domain.profiles import Claim, Entry, Profile, ProfileChange, fold
from interactions.context.domain.refiling import Refiling
from interactions.context.domain.versions import Version
from interactions.context.store import aliases as alias_store
from interactions.context.store import known_identifiers, profiles
from interactions.context.store.customers import claims as claim_store
from interactions.context.store.customers import pointers as pointer_store
from interactions.context.store.customers import refilings
from interactions.context.store.keys import Key
from interactions.context.store.known_identifiers import KnownIdentifier
from interactions.context.store.profiles import StoredProfile
from interactions.context.usecases.keep_versions import keep_versions
from interactions.history import key_of_identity


@dataclass(frozen=True, slots=True)
class CustomerEvent:
    """One event about a customer: a change of its profile, of where ids lead, or both.

    ``refiling`` are the interactions that go to another customer because of the event.
    """

    tenant_id: str
    customer_id: UUID
    at: Moment
    change: ProfileChange | None = None
    pointers: tuple[Pointer, ...] = ()
    refiling: Refiling | None = None

    @property
    def key(self) -> Key:
        return self.tenant_id, self.customer_id


async def project_customers(
    tx: Transaction, events: Sequence[CustomerEvent], *, now: datetime
) -> list[bool]:
    """Apply a batch; repeated, old or reordered events leave the same copy behind.

    Returns for each event whether it applied; false means that a newer version was there already.
    """
    await _project_aliases(tx, events)
    before, after = await _project_profiles(tx, events, now=now)
    gone, present = _key_changes(events, before, after)
    if gone:
        await known_identifiers.delete_known_identifiers(tx, gone)
    if present:
        await known_identifiers.save_known_identifiers(tx, present)
    await _project_claims(tx, before, after)
    await refilings.insert_refilings(tx, [e.refiling for e in events if e.refiling])
    return [
        bool(event.pointers) or event.refiling is not None or _is_newer(event, before)
        for event in events
    ]


async def _project_aliases(tx: Transaction, events: Sequence[CustomerEvent]) -> None:
    """Apply the pointers to the aliases; without any, see that each id has a row."""
    moving = sorted({event.tenant_id for event in events if event.pointers})
    if not moving:
        await alias_store.insert_aliases(tx, sorted({event.key for event in events}))
        return
    await alias_store.lock_aliases(tx, moving)
    mentioned = {event.key for event in events} | {
        (event.tenant_id, customer_id)
        for event in events
        for pointer in event.pointers
        for customer_id in (pointer.customer_id, pointer.target_id)
    }
    stored = await alias_store.list_clusters(tx, sorted(mentioned))
    members = {(tenant_id, i) for tenant_id, aliases in stored.items() for i in aliases}
    kept = await pointer_store.list_pointers(tx, sorted(mentioned | members))
    aliases: dict[Key, UUID] = {}
    pointers: dict[str, Sequence[Pointer]] = {}
    for tenant_id in sorted({event.tenant_id for event in events}):
        plan = plan_aliases(
            stored.get(tenant_id, {}),
            kept.get(tenant_id, ()),
            [pointer for e in events if e.tenant_id == tenant_id for pointer in e.pointers],
            mentioned=[customer_id for tenant, customer_id in mentioned if tenant == tenant_id],
        )
        aliases |= {(tenant_id, i): canonical_id for i, canonical_id in plan.aliases.items()}
        pointers[tenant_id] = plan.pointers
    await alias_store.save_aliases(tx, aliases)
    await pointer_store.save_pointers(tx, pointers)


async def _project_profiles(
    tx: Transaction, events: Sequence[CustomerEvent], *, now: datetime
) -> tuple[dict[Key, Profile], dict[Key, Profile]]:
    """Fold the changes into the profiles; return those concerned, as before and as after."""
    changes: dict[Key, list[ProfileChange]] = {}
    versions: list[tuple[Key, Version]] = []
    for event in events:
        if event.change is not None:
            changes.setdefault(event.key, []).append(event.change)
            versions.append((event.key, Version(event.change.version, event.at, event.change)))
    if not changes:
        return {}, {}
    stored = await profiles.lock_profiles(tx, sorted(changes))
    before = {key: _profile(stored.get(key)) for key in changes}
    after = {key: fold(before[key], of_customer) for key, of_customer in changes.items()}
    changed = {key: profile for key, profile in after.items() if profile != before[key]}
    if changed:
        await profiles.save_profiles(tx, changed, now=now)
    latest = {key: profile.version for key, profile in after.items()}
    await keep_versions(tx, versions, stored, latest)
    return before, after


def _profile(stored: StoredProfile | None) -> Profile:
    return Profile() if stored is None else stored.profile


async def _project_claims(
    tx: Transaction, before: Mapping[Key, Profile], after: Mapping[Key, Profile]
) -> None:
    """Write what customers claim now, and delete what they no longer do."""
    gone: list[tuple[Key, Claim]] = []
    present: list[tuple[Key, Claim]] = []
    for key in sorted(after):
        had, has = before[key].live_claims(), after[key].live_claims()
        kept = {claim.identifier.key for claim in has}
        gone += [(key, claim) for claim in had if claim.identifier.key not in kept]
        present += [(key, claim) for claim in has if claim not in had]
    await claim_store.delete_claims(tx, gone)
    await claim_store.save_claims(tx, present)


def _is_newer(event: CustomerEvent, before: Mapping[Key, Profile]) -> bool:
    return event.change is not None and event.change.version > before[event.key].version


def _key_changes(
    events: Sequence[CustomerEvent], before: Mapping[Key, Profile], after: Mapping[Key, Profile]
) -> tuple[list[KnownIdentifier], list[KnownIdentifier]]:
    """Return the keys that no longer lead to a customer, and those that do from now on."""
    asserted = {(e.key, e.change.version): e.at.recorded_at for e in events if e.change}
    latest = {event.key: event.at.recorded_at for event in events}
    gone: list[KnownIdentifier] = []
    present: list[KnownIdentifier] = []
    for key in sorted(after):
        had, has = set(before[key].live()), set(after[key].live())
        kept = {entry.identifier.key for entry in has}
        gone += _known(key, (e for e in had - has if e.identifier.key not in kept), latest[key])
        for entry in has - had:
            at = asserted.get((key, entry.version), latest[key])
            present += _known(key, [entry], at)
    return gone, present


def _known(
    customer: Key, entries: Iterable[Entry], asserted_at: datetime
) -> Iterator[KnownIdentifier]:
    """Yield the keys of identifiers; one of another version of the normaliser is left out."""
    for entry in entries:
        identifier = entry.identifier
        key = key_of_identity(identifier.type, identifier.scope, identifier.value)
        if key is not None:
            yield KnownIdentifier(*customer[:1], *key, customer[1], identifier.level, asserted_at)
