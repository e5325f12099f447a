"""Sets and clears attributes of a customer because a caller asked for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.errors import NotFoundError
from common.etags import ExpectedEtag
from common.messaging import outbox
from identity.customers.domain.attributes import Json
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.identifiers import Level
from identity.customers.store.customer_views import DetailedView, get_customer_view
from identity.customers.store.customers import list_customers_by_ids
from identity.edits.domain.edit_plan import Editor, check_edit, plan_edit
from identity.events.announcing import announce
from identity.resolution.domain.roster import Roster
from identity.resolution.store.rosters import save_roster
from identity.resolution.usecases.locked_plan import plan_under_locks


@dataclass(frozen=True, slots=True)
class EditCustomer:
    """With ``expected`` the customer changes only if it is still in the state of that tag."""

    tenant_id: str
    customer_id: UUID
    patch: Mapping[str, Json]
    editor: Editor
    limits: CustomerLimits
    expected: ExpectedEtag | None = None


async def edit_customer(tx: Transaction, command: EditCustomer, *, now: datetime) -> DetailedView:
    """Return the customer that the id leads to, after the edit.

    Raises NotFoundError for an id never issued, PreconditionError when the customer has another tag
    than expected, and InvalidError when it would have too many attributes, or too large ones.
    """

    async def load() -> Roster:
        return Roster(await list_customers_by_ids(tx, command.tenant_id, [command.customer_id]))

    async def plan(roster: Roster) -> None:
        _plan(roster, command, now=now)

    roster, _ = await plan_under_locks(tx, command.tenant_id, load=load, plan=plan)
    view = await get_customer_view(tx, command.tenant_id, command.customer_id, now=now)
    if command.expected is not None:
        command.expected.check(*view.etag_parts)
    if not roster.pending:
        return view
    await save_roster(tx, command.tenant_id, roster, now=now)
    events = announce(roster.pending.changes, tenant_id=command.tenant_id, now=now)
    await outbox.record(tx, events)
    return await get_customer_view(tx, command.tenant_id, command.customer_id, now=now)


def _plan(roster: Roster, command: EditCustomer, *, now: datetime) -> None:
    customer = roster.find(command.customer_id)
    if customer is None:
        raise NotFoundError("there is no such customer")
    observations = plan_edit(customer, command.patch, command.editor, now=now)
    check_edit(customer, observations, command.limits)
    roster.observe(customer.id, observations, level=Level.VERIFIED)
