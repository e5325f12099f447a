"""Rosters with a past, as the store would load it, for tests of decisions without a database."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.attributes import Json
from identity.customers.domain.changes import CustomerRedirected, MergeCause
from identity.customers.domain.customers import Customer, CustomerLimits
from identity.customers.domain.identifiers import Level
from identity.merging.domain.merge_plan import apply_merge, plan_merge
from identity.merging.domain.origins import AbsorbedCustomer, Origins, PastMerge, anchor_of
from identity.merging.domain.outcomes import Decider, Outcome, Past, Situation
from identity.merging.domain.undo_plan import undo_merge
from identity.resolution.domain.answers import Resolution
from identity.resolution.domain.components import assume_links_from_before
from identity.resolution.domain.context import Context
from identity.resolution.domain.requests import PreparedRequest
from identity.resolution.domain.resolution import resolve
from identity.resolution.domain.roster import Roster
from services.identity.tests.unit.builders import NOW, ids

LIMITS = CustomerLimits()
Shown = tuple[dict[IdentifierKey, Level], dict[str, Json], tuple[UUID, ...]]
"""Levels by identifier, values by attribute, and ids that lead to the customer."""

DECIDER = Decider("agent-7", "two persons")


class History:
    """A roster on which requests and decisions happen one after the other."""

    def __init__(self, customers: tuple[Customer, ...] = ()) -> None:
        self.roster = Roster(customers)
        for customer in customers:
            self.roster.versions.load({customer.id, *customer.merged_ids}, ())
        self.new_id: Callable[[], UUID] = ids(1_000)
        self.decision_id: Callable[[], UUID] = ids(9_000)
        self._minutes = count()
        self.now = NOW
        self.times: dict[UUID, PastMerge] = {}
        assume_links_from_before(self.roster, LIMITS.types)

    def resolve(self, request: PreparedRequest) -> Resolution:
        context = self._context(self.new_id)
        resolution = resolve(self.roster, request, context)
        self._note_merges()
        return resolution

    def merge(self, source: UUID, target: UUID) -> PastMerge:
        plan = plan_merge(self.roster, source, target, LIMITS)
        assert plan is not None
        context = self._context(self.decision_id)
        cause = MergeCause("same person", "explicit", "agent-7")
        anchors = (
            anchor_of(plan.target, target, Origins(plan.target, self.merges), LIMITS.types),
            anchor_of(plan.absorbed, source, Origins(plan.absorbed, self.merges), LIMITS.types),
        )
        record = apply_merge(
            self.roster,
            plan,
            merge_id=self.decision_id(),
            cause=cause,
            types=LIMITS.types,
            now=context.now,
            keys=() if None in anchors else anchors,  # type: ignore[arg-type]
        )
        self._note_merges()
        return self.times[record.id]

    def decide(self, decide: Callable[[Situation], Outcome]) -> Outcome:
        context = self._context(self.decision_id)
        outcome = decide(Situation(self.roster, self._past(), DECIDER, context))
        self._note_merges()
        return outcome

    def undo(self, merge: PastMerge) -> Outcome:
        return self.decide(lambda situation: undo_merge(situation, merge))

    @property
    def merges(self) -> list[PastMerge]:
        return list(self.times.values())

    def _context(self, new_id: Callable[[], UUID]) -> Context:
        self.now = NOW + timedelta(minutes=next(self._minutes))
        return Context(LIMITS, self.now, new_id)

    def _note_merges(self) -> None:
        for record in self.roster.pending.merges:
            if record.id not in self.times:
                self.times[record.id] = PastMerge(
                    record.id, self.now, record.absorbed_ids, record.cause, record.before
                )

    def _redirects(self) -> dict[UUID, UUID]:
        """Return where the latest redirect of each id leads, as its row says."""
        changes = self.roster.pending.changes
        redirected = (change for change in changes if isinstance(change, CustomerRedirected))
        return {change.customer.id: change.survivor_id for change in redirected}

    def _past(self) -> Past:
        pending = self.roster.pending
        gone = {withdrawal.decision_id for withdrawal in pending.withdrawals}
        canonical = self.roster.customer_ids
        return Past(
            self.merges,
            {
                absorbed_id: AbsorbedCustomer(pending.customers[absorbed_id], into)
                for absorbed_id, into in self._redirects().items()
                if absorbed_id not in canonical
            },
            [decision for decision in pending.decisions if decision.id not in gone],
        )


def shown(history: History) -> dict[UUID, Shown]:
    """Return what each customer is, versions and times aside."""
    customers = (history.roster.get(each) for each in history.roster.customer_ids)
    return {
        customer.id: (
            {key: identifier.level for key, identifier in customer.identifiers.items()},
            {name: value.value for name, value in customer.attributes.items()},
            customer.merged_ids,
        )
        for customer in customers
    }
