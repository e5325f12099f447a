"""Register a type of identifiers, or replace it by its next version."""

from dataclasses import dataclass
from datetime import datetime

from common.db import Transaction
from common.errors import ConflictError, PreconditionError
from common.etags import ExpectedEtag
from identifiers import is_built_in
from identity.customers.domain.type_rules import PERSON_TYPE
from identity.customers.store.tenant_lock import lock_whole_tenant
from identity.registry.domain.registered_type import RegisteredType
from identity.registry.store.registered_types import (
    find_use,
    insert_version,
    list_types,
)
from identity.registry.store.rule_sets import save_revision

MAX_TYPES = 100
"""The most types that a tenant may register."""


@dataclass(frozen=True, slots=True)
class RegisterType:
    """With ``expected``, a version with that ETag must exist, and is replaced."""

    tenant_id: str
    draft: RegisteredType
    expected: ExpectedEtag | None = None


async def register_type(tx: Transaction, command: RegisterType, *, now: datetime) -> RegisteredType:
    """Save the type; saving an unchanged one makes no new version.

    How values are compared is part of every stored key, and what they stand for is part of every
    decision, so both change only while there is no identifier of the type.
    Raises ConflictError for a type that is built in or in use.
    """
    del now  # The draft has its time.
    tenant_id, draft = command.tenant_id, command.draft
    if is_built_in(draft.type) or draft.type == PERSON_TYPE:
        raise ConflictError("this type is built in; register yours under another name")
    await lock_whole_tenant(tx, tenant_id)
    types = {registered.type: registered for registered in await list_types(tx, tenant_id)}
    current = types.get(draft.type)
    if command.expected is not None:
        _check_expected(command.expected, tenant_id, current)
    if current is None and len(types) >= MAX_TYPES:
        raise ConflictError(f"a tenant registers at most {MAX_TYPES} types")
    registered = draft.following(current)
    if registered is current:
        return registered
    if not registered.is_read_like(current) and await find_use(tx, tenant_id, draft.type):
        raise ConflictError(
            "customers have identifiers of this type, so neither how they are compared nor what"
            " they stand for can change; register another type"
        )
    await insert_version(tx, tenant_id, registered)
    await save_revision(tx, tenant_id)
    return registered


def etag_parts(tenant_id: str, registered: RegisteredType) -> tuple[str, str, int]:
    """Return the parts of a type's ETag: tenants choose names, so the tenant is one of them."""
    return tenant_id, registered.type, registered.version


def _check_expected(expected: ExpectedEtag, tenant_id: str, current: RegisteredType | None) -> None:
    if current is None:
        raise PreconditionError("this type is not registered; register it without If-Match")
    expected.check(*etag_parts(tenant_id, current))
