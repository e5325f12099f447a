"""Save a version of a tenant's rules, which decides nothing until it is applied."""

from dataclasses import dataclass, replace
from datetime import datetime

from common.db import Transaction
from common.errors import ConflictError, InvalidError
from identity.customers.domain.customers import CustomerLimits
from identity.registry.domain.rule_checks import errors_in
from identity.registry.domain.rule_set import RuleSet
from identity.registry.store.registered_types import list_types
from identity.registry.store.rule_sets import find_latest_rules, insert_rules, lock_rules

MAX_VERSIONS = 10_000


@dataclass(frozen=True, slots=True)
class SaveRules:
    """``service`` are the limits of the service's settings, which no rules exceed."""

    tenant_id: str
    draft: RuleSet
    service: CustomerLimits


@dataclass(frozen=True, slots=True)
class SavedRules:
    rules: RuleSet
    is_new: bool


async def save_rules(tx: Transaction, command: SaveRules, *, now: datetime) -> SavedRules:
    """Return the saved version: the latest one if that says the same.

    Raises InvalidError for rules that cannot be followed.
    """
    tenant_id, draft = command.tenant_id, command.draft
    await lock_rules(tx, tenant_id)
    registered = await list_types(tx, tenant_id)
    errors = errors_in(draft, registered, most_identifiers=command.service.max_identifiers)
    if errors:
        raise InvalidError("the rules are invalid", errors=errors)
    latest = await find_latest_rules(tx, tenant_id)
    if latest is not None and latest.says_the_same_as(draft):
        return SavedRules(latest, is_new=False)
    version = 1 if latest is None else latest.version + 1
    if version > MAX_VERSIONS:
        raise ConflictError(f"a tenant keeps at most {MAX_VERSIONS:,} versions of its rules")
    rules = replace(draft, version=version, created_at=now)
    await insert_rules(tx, tenant_id, rules)
    return SavedRules(rules, is_new=True)
