"""Find out who interactions are from, before anything is written.

Our own copy answers for what it knows; identity is asked for the rest only, within a deadline. When
identity is away nothing is refused: the interaction is recorded without a customer and attached
later. The same goes for a customer id that only identity can confirm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from common.db import Database
from common.errors import FieldError, InvalidError, ServiceError, UnavailableError
from common.runtime import Batcher, Call
from interactions.history import metrics
from interactions.history.domain.contact import Contact, Identifier, Key
from interactions.history.domain.interaction import Draft
from interactions.history.store.identifiers import Known, find_known
from interactions.history.usecases.record_interactions import Resolved


@dataclass(frozen=True, slots=True)
class Question:
    """Who has these identifiers?"""

    identifiers: tuple[Identifier, ...]
    observed_at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A canonical customer, and the spellings that identity knows it by."""

    customer_id: UUID
    learned: tuple[Identifier, ...]


class Identity(Protocol):
    """The identity service. Every call raises UnavailableError when its deadline has passed."""

    @property
    def available(self) -> bool:
        """Whether it answered when last asked."""
        ...

    async def resolve(
        self, tenant_id: str, questions: Sequence[Question], *, deadline_seconds: float
    ) -> list[Answer | ServiceError]: ...

    async def find_customers(
        self, tenant_id: str, ids: Sequence[UUID], *, deadline_seconds: float
    ) -> dict[UUID, UUID | None]: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one batch wants to know of our own copy."""

    keys: frozenset[Key]
    ids: frozenset[UUID]


MOST_READ = 100
READS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Patience:
    """How long identity may take: a basis, and something for each question more than one."""

    seconds: float = 0.3
    seconds_per_item: float = 0.003

    def deadline(self, count: int) -> float:
        return self.seconds + self.seconds_per_item * (count - 1)


class Resolver:
    """Resolves batches of drafts of one tenant.

    Our own copy is read once for all single drafts that come while it is being read for others.
    """

    def __init__(self, database: Database, identity: Identity) -> None:
        self._database = database
        self._identity = identity
        self._copy: Batcher[Wanted, Known] = Batcher(
            self._find_known,
            name="resolver.find_known",
            max_calls=MOST_READ,
            max_running=READS_AT_ONCE,
        )

    async def resolve(
        self, tenant_id: str, drafts: Sequence[Draft], *, patience: Patience
    ) -> list[Resolved | ServiceError]:
        """Return each draft with its contact, or why it cannot be anybody's."""
        keys = frozenset(i.key for d in drafts if d.customer_id is None for i in d.identifiers)
        ids = frozenset(d.customer_id for d in drafts if d.customer_id is not None)
        known = Known({}, {})
        if keys or ids:
            known = await self._known(tenant_id, Wanted(keys, ids), alone=len(drafts) > 1)
        contacts: list[Contact | ServiceError | None] = [_from_copy(d, known) for d in drafts]
        unknown = [place for place, contact in enumerate(contacts) if contact is None]
        metrics.RESOLUTIONS.labels("own_copy").inc(len(drafts) - len(unknown))
        if unknown:
            asked = await self._ask(tenant_id, [drafts[place] for place in unknown], patience)
            for place, contact in zip(unknown, asked, strict=True):
                contacts[place] = contact
        return [
            contact if isinstance(contact, ServiceError) else Resolved(draft, contact or Contact())
            for draft, contact in zip(drafts, contacts, strict=True)
        ]

    async def _known(self, tenant_id: str, wanted: Wanted, *, alone: bool) -> Known:
        """Ask our own copy: a batch for itself, single drafts with whatever else comes."""
        if not alone:
            return await self._copy.add(tenant_id, wanted)
        return await self._database.read(
            find_known, tenant_id, keys=sorted(wanted.keys), ids=sorted(wanted.ids)
        )

    async def _find_known(self, tenant_id: str, calls: Sequence[Call[Wanted, Known]]) -> None:
        keys = frozenset().union(*(call.item.keys for call in calls))
        ids = frozenset().union(*(call.item.ids for call in calls))
        known = await self._known(tenant_id, Wanted(keys, ids), alone=True)
        for call in calls:
            call.settle(known)

    async def _ask(
        self, tenant_id: str, drafts: Sequence[Draft], patience: Patience
    ) -> list[Contact | ServiceError]:
        try:
            contacts = await self._ask_identity(tenant_id, drafts, patience)
        except UnavailableError:
            metrics.RESOLUTIONS.labels("identity_away").inc(len(drafts))
            return [Contact(claimed_customer_id=draft.customer_id) for draft in drafts]
        metrics.RESOLUTIONS.labels("identity").inc(len(drafts))
        return contacts

    async def _ask_identity(
        self, tenant_id: str, drafts: Sequence[Draft], patience: Patience
    ) -> list[Contact | ServiceError]:
        """Ask about each contact once, however many of the drafts are theirs."""
        questions: dict[frozenset[Key], Question] = {}
        for draft in drafts:
            if draft.customer_id is None:
                questions.setdefault(_keys(draft), _question(draft))
        ids = sorted({d.customer_id for d in drafts if d.customer_id is not None})
        deadline = patience.deadline(len(questions) + len(ids))
        answers: dict[frozenset[Key], Answer | ServiceError] = {}
        found: dict[UUID, UUID | None] = {}
        if questions:
            given = await self._identity.resolve(
                tenant_id, list(questions.values()), deadline_seconds=deadline
            )
            answers = dict(zip(questions, given, strict=True))
        if ids:
            found = await self._identity.find_customers(tenant_id, ids, deadline_seconds=deadline)
        return [
            _of_answer(answers[_keys(draft)])
            if draft.customer_id is None
            else _of_customer(found[draft.customer_id])
            for draft in drafts
        ]


def keep(result: Resolved | ServiceError, draft: Draft) -> Resolved:
    """Return a draft that must not be lost, even if identity refuses its identifiers."""
    if isinstance(result, ServiceError):
        return Resolved(draft, Contact(refused=result.detail))
    return result


def _from_copy(draft: Draft, known: Known) -> Contact | None:
    """Return what our own copy says, or None when identity must be asked."""
    if draft.customer_id is not None:
        customer = known.by_id.get(draft.customer_id)
        return None if customer is None else Contact(customer_id=customer)
    if not draft.identifiers:
        return Contact()
    found = {known.by_key.get(i.key) for i in draft.identifiers}
    if len(found) > 1 or None in found:
        return None
    if any(i.tells_more_than(known.levels[i.key]) for i in draft.identifiers):
        return None
    return Contact(customer_id=found.pop())


def _question(draft: Draft) -> Question:
    source = draft.provider.name if draft.provider else draft.channel
    return Question(draft.identifiers, draft.received_at, source)


def _keys(draft: Draft) -> frozenset[Key]:
    return frozenset(identifier.key for identifier in draft.identifiers)


def _of_answer(answer: Answer | ServiceError) -> Contact | ServiceError:
    if isinstance(answer, ServiceError):
        return answer
    return Contact(customer_id=answer.customer_id, learned=answer.learned, confirmed=True)


def _of_customer(customer_id: UUID | None) -> Contact | ServiceError:
    if customer_id is None:
        return InvalidError(
            "there is no such customer",
            errors=[FieldError("/customer_id", "no customer has this id")],
        )
    return Contact(customer_id=customer_id, confirmed=True)
