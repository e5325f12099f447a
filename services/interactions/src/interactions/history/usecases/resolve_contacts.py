"""Resolve the contacts of interactions, before their transaction begins.

Our copy of identity's data resolves what it knows; identity is asked only about the rest, within a
deadline. While identity is unavailable, interactions are recorded without a customer and attached
later. The same goes for a customer id that only identity can confirm.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from common.db import Database
from common.errors import ErrorCode, FieldError, InvalidError, ServiceError, UnavailableError
from common.runtime import Batcher, Call
from interactions.history import metrics
from interactions.history.domain.contact import Contact, Identifier, Key, Level, why_unusable
from interactions.history.domain.interaction import Draft
from interactions.history.store.identifiers import KnownCustomers, find_known
from interactions.history.usecases.record_interactions import Resolved


@dataclass(frozen=True, slots=True)
class ResolutionRequest:
    """A request for the customer of these identifiers.

    ``by_sender`` is False if we name them ourselves, to write to a customer: nobody claims them.
    """

    identifiers: tuple[Identifier, ...]
    observed_at: datetime
    source: str
    by_sender: bool = True

    @property
    def region(self) -> str | None:
        """The country of telephone numbers that name none."""
        return next((i.region for i in self.identifiers if i.region is not None), None)


@dataclass(frozen=True, slots=True)
class Resolution:
    """A canonical customer, and the identifiers by which identity knows it.

    Without a customer, ``refused`` says why identity will never name one.
    """

    customer_id: UUID | None
    learned: tuple[Identifier, ...] = ()
    refused: str | None = None
    is_erased: bool = False
    """Whether it is refused because the sender was erased: nothing of it may be kept."""
    erased: frozenset[str] = frozenset()
    """The types of identifiers that are of somebody erased, beside others of the customer."""


class SenderErasedError(InvalidError):
    """The sender was erased, and has not signed up again."""

    def __init__(self) -> None:
        super().__init__(
            "the sender was erased; nothing is recorded until they sign up again",
            errors=[FieldError("/identifiers", ErrorCode.INVALID_VALUE, "of an erased customer")],
        )


class IdentityFaultError(UnavailableError):
    """Identity responds, but fails on these requests: on all of them, or on one among them."""


class IdentityLookup(Protocol):
    """What the identity service tells without creating a customer."""

    async def find_customer(
        self, tenant_id: str, identifier: Identifier, *, deadline_seconds: float
    ) -> UUID | None:
        """Return the customer who has an identifier, or None; never creates a customer.

        Raises UnavailableError when the deadline has passed.
        """
        ...


class Identity(IdentityLookup, Protocol):
    """The identity service. Every call raises UnavailableError when its deadline has passed."""

    @property
    def available(self) -> bool:
        """Whether it responded to the last call."""
        ...

    async def resolve(
        self, tenant_id: str, requests: Sequence[ResolutionRequest], *, deadline_seconds: float
    ) -> list[Resolution | ServiceError]:
        """Resolve each request, creating customers; a ServiceError is identity's refusal.

        Raises IdentityFaultError when identity fails on the requests.
        """
        ...

    async def find_customers(
        self, tenant_id: str, ids: Sequence[UUID], *, deadline_seconds: float
    ) -> dict[UUID, UUID | None]:
        """Return the canonical id of each customer id, None for an id that was never issued."""
        ...


@dataclass(frozen=True, slots=True)
class Lookup:
    """What to look up in our own copy."""

    keys: frozenset[Key]
    ids: frozenset[UUID]


MOST_READ = 100
READS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Deadline:
    """How long identity may take: a basis, and an allowance for each further request."""

    seconds: float = 0.3
    seconds_per_item: float = 0.003

    def seconds_for(self, count: int) -> float:
        return self.seconds + self.seconds_per_item * (count - 1)


class Resolver:
    """Resolves batches of drafts of one tenant.

    Single drafts that arrive while our own copy is being read share the next read.
    """

    def __init__(self, database: Database, identity: Identity) -> None:
        self._database = database
        self._identity = identity
        self._copy: Batcher[Lookup, KnownCustomers] = Batcher(
            self._find_known,
            name="resolver.find_known",
            max_calls=MOST_READ,
            max_running=READS_AT_ONCE,
        )

    async def resolve(
        self, tenant_id: str, drafts: Sequence[Draft], *, deadline: Deadline
    ) -> list[Resolved | ServiceError]:
        """Return each draft with its contact, or the error why it has none."""
        keys = frozenset(
            i.key for d in drafts if d.customer_id is None for i in d.identifiers if i.key
        )
        ids = frozenset(d.customer_id for d in drafts if d.customer_id is not None)
        known = KnownCustomers({}, {})
        if keys or ids:
            known = await self._known(tenant_id, Lookup(keys, ids), alone=len(drafts) > 1)
        contacts: list[Contact | ServiceError | None] = [_from_copy(d, known) for d in drafts]
        if len(drafts) == 1 and isinstance(contacts[0], Contact) and _names_customer(drafts[0]):
            return [await self._confirm(tenant_id, drafts[0], contacts[0], deadline)]
        unknown = [place for place, contact in enumerate(contacts) if contact is None]
        metrics.RESOLUTIONS.labels("own_copy").inc(len(drafts) - len(unknown))
        if unknown:
            asked = await self._ask(tenant_id, [drafts[place] for place in unknown], deadline)
            for place, contact in zip(unknown, asked, strict=True):
                contacts[place] = contact
        return [
            contact if isinstance(contact, ServiceError) else _resolved(draft, contact or Contact())
            for draft, contact in zip(drafts, contacts, strict=True)
        ]

    async def _confirm(
        self, tenant_id: str, draft: Draft, known: Contact, deadline: Deadline
    ) -> Resolved | ServiceError:
        """Return a draft with whom identity has under its customer id now.

        The customer may have been merged a moment ago. While identity is away, our copy counts.
        """
        [contact] = await self._ask(tenant_id, [draft], deadline)
        if isinstance(contact, ServiceError):
            return contact
        return Resolved(draft, known if contact.customer_id is None else contact)

    async def _known(self, tenant_id: str, wanted: Lookup, *, alone: bool) -> KnownCustomers:
        """Read our own copy: for a batch ``alone``, for single drafts together with others."""
        if not alone:
            return await self._copy.add(tenant_id, wanted)
        return await self._database.read(
            find_known, tenant_id, keys=sorted(wanted.keys), ids=sorted(wanted.ids)
        )

    async def _find_known(
        self, tenant_id: str, calls: Sequence[Call[Lookup, KnownCustomers]]
    ) -> None:
        keys = frozenset().union(*(call.item.keys for call in calls))
        ids = frozenset().union(*(call.item.ids for call in calls))
        known = await self._known(tenant_id, Lookup(keys, ids), alone=True)
        for call in calls:
            call.settle(known)

    async def _ask(
        self, tenant_id: str, drafts: Sequence[Draft], deadline: Deadline
    ) -> list[Contact | ServiceError]:
        try:
            contacts = await self._ask_identity(tenant_id, drafts, deadline)
        except UnavailableError:
            metrics.RESOLUTIONS.labels("identity_away").inc(len(drafts))
            return [Contact(claimed_customer_id=draft.customer_id) for draft in drafts]
        metrics.RESOLUTIONS.labels("identity").inc(len(drafts))
        return contacts

    async def _ask_identity(
        self, tenant_id: str, drafts: Sequence[Draft], deadline: Deadline
    ) -> list[Contact | ServiceError]:
        """Ask about each contact once, however many drafts it has."""
        requests: dict[_Asked, ResolutionRequest] = {}
        for draft in drafts:
            if draft.customer_id is None:
                requests.setdefault(_asked(draft), _request(draft))
        ids = sorted({d.customer_id for d in drafts if d.customer_id is not None})
        deadline_seconds = deadline.seconds_for(len(requests) + len(ids))
        resolutions: dict[_Asked, Resolution | ServiceError] = {}
        customers: dict[UUID, UUID | None] = {}
        if requests:
            results = await self._identity.resolve(
                tenant_id, list(requests.values()), deadline_seconds=deadline_seconds
            )
            resolutions = dict(zip(requests, results, strict=True))
        if ids:
            customers = await self._identity.find_customers(
                tenant_id, ids, deadline_seconds=deadline_seconds
            )
        return [
            _of_resolution(resolutions[_asked(draft)])
            if draft.customer_id is None
            else _of_customer(customers[draft.customer_id])
            for draft in drafts
        ]


def unresolved_if_refused(result: Resolved | ServiceError, draft: Draft) -> Resolved:
    """Return a draft to be recorded without a customer if identity refuses its identifiers."""
    if isinstance(result, ServiceError):
        return Resolved(draft, Contact(refused=result.detail))
    return result


def _resolved(draft: Draft, contact: Contact) -> Resolved:
    """Return the draft with its contact, without the identifiers of somebody erased."""
    if not contact.erased:
        return Resolved(draft, contact)
    erased = [i for i in draft.identifiers if i.is_of(contact.erased)]
    kept = tuple(i for i in draft.identifiers if i not in erased)
    is_named = draft.author.id in {i.value for i in erased}
    author = replace(draft.author, id=None) if is_named else draft.author
    return Resolved(replace(draft, identifiers=kept, author=author), contact)


def _from_copy(draft: Draft, known: KnownCustomers) -> Contact | None:
    """Return the contact by our own copy, or None when identity must be asked."""
    if draft.customer_id is not None:
        customer = known.by_id.get(draft.customer_id)
        return None if customer is None else Contact(customer_id=customer)
    if not any(i.may_be_known for i in draft.identifiers):
        return Contact(refused=why_unusable(draft.identifiers) if draft.identifiers else None)
    customers = {known.by_key.get(i.key) for i in draft.identifiers if i.key}
    if len(customers) != 1 or None in customers or not _says_all(known, draft):
        return None
    return Contact(customer_id=customers.pop())


def _says_all(known: KnownCustomers, draft: Draft) -> bool:
    """Return whether our copy says as much about identifiers that it knows as identity would.

    It knows who has proved them, and not who else claims them; and identity learns from better
    proofs.
    """
    levels = [(i, known.levels[i.key]) for i in draft.identifiers if i.key]
    if draft.only_claims and any(level is not Level.CLAIMED for _, level in levels):
        return False
    return not any(identifier.is_better_proved_than(level) for identifier, level in levels)


def _names_customer(draft: Draft) -> bool:
    """Return whether nothing but a customer id says whom a draft is about."""
    return draft.customer_id is not None and draft.conversation_id is None


def _request(draft: Draft) -> ResolutionRequest:
    source = draft.provider.name if draft.provider else draft.channel
    return ResolutionRequest(
        draft.identifiers, draft.received_at, source, by_sender=draft.is_by_sender
    )


class _Asked(NamedTuple):
    """What is asked about: keys, or identifiers that only identity may be able to read."""

    identifiers: frozenset[tuple[Key | Identifier, Level]]
    by_sender: bool


def _asked(draft: Draft) -> _Asked:
    """Return what has one answer: a claim has another one than a proof."""
    identifiers = frozenset((i.key or i, i.level) for i in draft.identifiers if i.may_be_known)
    return _Asked(identifiers, draft.is_by_sender)


def _of_resolution(resolution: Resolution | ServiceError) -> Contact | ServiceError:
    if isinstance(resolution, ServiceError):
        return resolution
    if resolution.is_erased:
        return SenderErasedError()
    return Contact(
        customer_id=resolution.customer_id,
        learned=resolution.learned,
        confirmed=resolution.customer_id is not None,
        refused=resolution.refused,
        erased=resolution.erased,
    )


def _of_customer(customer_id: UUID | None) -> Contact | ServiceError:
    if customer_id is None:
        return InvalidError(
            "there is no such customer",
            errors=[FieldError("/customer_id", ErrorCode.NOT_FOUND, "no customer has this id")],
        )
    return Contact(customer_id=customer_id, confirmed=True)
