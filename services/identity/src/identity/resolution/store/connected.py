"""Reads what requests concern, in one statement however many they are.

A request of known evidence needs the customers of its identifiers, and the links between these. Any
other needs everything that its identifiers are connected with.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import text

from common.db import Transaction
from common.errors import UnavailableError
from identifiers import IdentifierKey
from identity.customers.domain.customers import Customer
from identity.customers.store.customers import CUSTOMERS, customer_of
from identity.customers.store.denials import IN_FORCE, bytes_of, denials_from_json
from identity.registry.domain.tenant_rules import TenantRules
from identity.resolution.domain.components import assume_links_from_before
from identity.resolution.domain.graph.evidence import LinkId
from identity.resolution.domain.roster import Roster
from identity.resolution.store.links import (
    CLAIM,
    KEY,
    LINK,
    QUARANTINE,
    claims_from_json,
    links_from_json,
    quarantine_from_json,
)

MAX_CONNECTED, MAX_CONNECTED_OF_EACH = 2_000, 10
"""The identifiers that one read follows, and how many more for each of those asked for; limits and
quarantine keep components far below it."""
MAX_LINKS = 500
"""The links of one identifier that are followed."""

NOT_ASKED: Mapping[str, IdentifierKey] = MappingProxyType({})
"""Hashes for those who do not want to know what is denied."""

_ASKED = """
    asked AS MATERIALIZED (
        SELECT * FROM unnest(cast(:types AS text[]), cast(:scopes AS text[]),
                             cast(:values AS text[])) AS asked (type, scope, value)
    ), claims AS MATERIALIZED (
        SELECT held.* FROM asked
        CROSS JOIN LATERAL (
            SELECT * FROM claim
            WHERE tenant_id = :tenant_id AND type = asked.type AND scope = asked.scope
              AND value = asked.value AND expires_at > :now
            ORDER BY claimed_at, customer_id
            LIMIT 20) AS held
    ), quarantined AS MATERIALIZED (
        SELECT held.* FROM asked
        CROSS JOIN LATERAL (
            SELECT * FROM quarantine
            WHERE tenant_id = :tenant_id AND type = asked.type AND scope = asked.scope
              AND value = asked.value
            LIMIT 1) AS held
    )
"""


class RulesChangedError(UnavailableError):
    """The rules by which the identifiers were read are not in force any more."""


def _wanted(keys: str) -> str:
    return f"""
    wanted AS MATERIALIZED (
        SELECT held.customer_id AS id FROM {keys} AS key
        CROSS JOIN LATERAL (
            SELECT customer_id FROM identifier
            WHERE tenant_id = :tenant_id AND type = key.type AND scope = key.scope
              AND value = key.value
            LIMIT 1) AS held
        UNION
        SELECT held.canonical_id FROM claims
        CROSS JOIN LATERAL (
            SELECT canonical_id FROM customer_alias
            WHERE tenant_id = :tenant_id AND origin_id = claims.customer_id
            LIMIT 1) AS held
    )
    """


def _shared(keys: str) -> str:
    """Those of the keys that are contact points of households and accounts."""
    return f"""
    shared AS MATERIALIZED (
        SELECT key.type, key.scope, key.value FROM {keys} AS key
        CROSS JOIN LATERAL (
            SELECT 1 FROM group_contact_point
            WHERE tenant_id = :tenant_id AND type = key.type AND scope = key.scope
              AND value = key.value
            LIMIT 1) AS point
    )
    """


def _rows(columns: Iterable[str], table: str) -> str:
    members = ", ".join(f"'{name}', {table}.{name}" for name in columns)
    return f"(SELECT json_agg(json_build_object({members})) FROM {table})"


def _result(quarantined: str) -> str:
    return f"""
    SELECT customers.*, cast(NULL AS json) AS links, cast(NULL AS json) AS claims,
           cast(NULL AS json) AS quarantined, cast(NULL AS json) AS shared,
           cast(NULL AS json) AS denied, cast(NULL AS bigint) AS revision,
           cast(NULL AS integer) AS rules_version
    FROM ({CUSTOMERS}) AS customers
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, NULL, {_rows(LINK.types, "linked")},
           {_rows(CLAIM.types, "claims")}, {_rows(QUARANTINE.types, quarantined)},
           {_rows(KEY.types, "shared")}, ({IN_FORCE}),
           (SELECT revision FROM rules_in_force WHERE tenant_id = :tenant_id),
           (SELECT version FROM rules_in_force WHERE tenant_id = :tenant_id)
    """


KNOWN = text(
    f"""
    WITH {_ASKED}, {_wanted("asked")}, {_shared("asked")}, linked AS MATERIALIZED (
        SELECT held.*
        FROM unnest(cast(:low_types AS text[]), cast(:low_scopes AS text[]),
                    cast(:low_values AS text[]), cast(:high_types AS text[]),
                    cast(:high_scopes AS text[]), cast(:high_values AS text[]))
             AS pair (low_type, low_scope, low_value, high_type, high_scope, high_value)
        CROSS JOIN LATERAL (
            SELECT * FROM link
            WHERE tenant_id = :tenant_id
              AND low_type = pair.low_type AND low_scope = pair.low_scope
              AND low_value = pair.low_value AND high_type = pair.high_type
              AND high_scope = pair.high_scope AND high_value = pair.high_value
              AND rule = 'together'
            LIMIT 1) AS held
    )
    {_result("quarantined")}
    """
)

# From a person's identifiers only those of persons are followed; from a device everything, as it is
# one of those asked for, or was reached through devices.
CONNECTED = text(
    f"""
    WITH RECURSIVE {_ASKED}, beginning AS MATERIALIZED (
        SELECT asked.type, asked.scope, asked.value FROM asked
        WHERE NOT EXISTS (
            SELECT 1 FROM quarantined AS entry
            WHERE entry.type = asked.type AND entry.scope = asked.scope
              AND entry.value = asked.value AND entry.released_at IS NULL
              AND entry.level = 'verified' AND NOT cast(:through AS boolean))
    ), reached (type, scope, value) AS (
        SELECT type, scope, value FROM beginning
        UNION
        SELECT next.type, next.scope, next.value
        FROM reached CROSS JOIN LATERAL (
            (SELECT high_type AS type, high_scope AS scope, high_value AS value FROM link
             WHERE tenant_id = :tenant_id AND low_type = reached.type
               AND low_scope = reached.scope AND low_value = reached.value
             LIMIT {MAX_LINKS})
            UNION ALL
            (SELECT low_type, low_scope, low_value FROM link
             WHERE high_value = reached.value AND high_scope = reached.scope
               AND high_type = reached.type AND tenant_id = :tenant_id
             LIMIT {MAX_LINKS})
            UNION ALL
            (SELECT other.type, other.scope, other.value
             FROM (SELECT customer_id FROM identifier
                   WHERE tenant_id = :tenant_id AND type = reached.type
                     AND scope = reached.scope AND value = reached.value
                   LIMIT 1) AS own
             CROSS JOIN LATERAL (
                 SELECT type, scope, value FROM identifier
                 WHERE customer_id = own.customer_id AND tenant_id = :tenant_id
                   AND NOT has_evidence AND level <> 'claimed'
                 LIMIT {MAX_LINKS}) AS other)
        ) AS next
        CROSS JOIN LATERAL (
            SELECT 1 FROM identifier
            WHERE tenant_id = :tenant_id AND type = next.type AND scope = next.scope
              AND value = next.value
            LIMIT 1) AS held
        WHERE reached.type = ANY(cast(:devices AS text[]))
           OR next.type <> ALL(cast(:devices AS text[]))
    ), connected AS MATERIALIZED (
        SELECT type, scope, value FROM beginning
        UNION
        (SELECT * FROM reached LIMIT :most)
    ), {_wanted("connected")}, members AS MATERIALIZED (
        SELECT type, scope, value FROM connected
        UNION
        SELECT held.type, held.scope, held.value FROM wanted
        CROSS JOIN LATERAL (
            SELECT type, scope, value FROM identifier
            WHERE customer_id = wanted.id AND tenant_id = :tenant_id
            LIMIT {MAX_LINKS}) AS held
    ), {_shared("members")}, linked AS MATERIALIZED (
        SELECT held.* FROM members
        CROSS JOIN LATERAL (
            SELECT * FROM link
            WHERE tenant_id = :tenant_id AND low_type = members.type
              AND low_scope = members.scope AND low_value = members.value
            LIMIT {MAX_LINKS}) AS held
        UNION
        SELECT held.* FROM connected
        CROSS JOIN LATERAL (
            SELECT * FROM link
            WHERE high_value = connected.value AND high_scope = connected.scope
              AND high_type = connected.type AND tenant_id = :tenant_id
            LIMIT {MAX_LINKS}) AS held
    ), entries AS MATERIALIZED (
        SELECT held.* FROM connected
        CROSS JOIN LATERAL (
            SELECT * FROM quarantine
            WHERE tenant_id = :tenant_id AND type = connected.type
              AND scope = connected.scope AND value = connected.value
            LIMIT 1) AS held
        UNION ALL
        SELECT * FROM quarantined
        WHERE released_at IS NULL AND level = 'verified'
    )
    {_result("entries")}
    """
)


async def get_known(
    tx: Transaction,
    tenant_id: str,
    keys: Collection[IdentifierKey],
    pairs: Collection[LinkId],
    rules: TenantRules,
    *,
    now: datetime,
    digests: Mapping[str, IdentifierKey],
) -> Roster:
    """Return the customers of these identifiers, the links of these pairs, and what is denied.

    ``digests`` are the identifiers by the hashes under which they may be denied.
    Raises RulesChangedError if other rules are in force.
    """
    ends = list(zip(*((*pair.low, *pair.high) for pair in sorted(pairs)), strict=True)) or [()] * 6
    names = ("low_types", "low_scopes", "low_values", "high_types", "high_scopes", "high_values")
    parameters = _asked(tenant_id, keys, now, digests) | {
        name: list(column) for name, column in zip(names, ends, strict=True)
    }
    rows = (await tx.execute(KNOWN, parameters)).all()
    return _roster(rows, rules, digests, is_whole=False)


async def get_connected(
    tx: Transaction,
    tenant_id: str,
    keys: Collection[IdentifierKey],
    rules: TenantRules,
    *,
    now: datetime,
    digests: Mapping[str, IdentifierKey] = NOT_ASKED,
    customers: Iterable[Customer] = (),
    through_quarantine: bool = False,
) -> Roster:
    """Return everything that these identifiers are connected with, and what is denied of them.

    ``customers`` are on the roster also if they have none of them. From what many verified nothing
    is followed, unless ``through_quarantine``. Raises RulesChangedError if other rules are in
    force.
    """
    parameters = _asked(tenant_id, keys, now, digests) | {
        "devices": rules.limits.types.devices,
        "most": MAX_CONNECTED + MAX_CONNECTED_OF_EACH * len(keys),
        "through": through_quarantine,
    }
    rows = (await tx.execute(CONNECTED, parameters)).all()
    roster = _roster(rows, rules, digests, customers, is_whole=True)
    assume_links_from_before(roster, rules.limits.types)
    return roster


def _asked(
    tenant_id: str,
    keys: Collection[IdentifierKey],
    now: datetime,
    digests: Mapping[str, IdentifierKey],
) -> dict[str, Any]:
    types, scopes, values = zip(*sorted(keys), strict=True) if keys else ((), (), ())
    return {
        "tenant_id": tenant_id,
        "now": now,
        "types": list(types),
        "scopes": list(scopes),
        "values": list(values),
        "digests": bytes_of(digests),
    }


def _roster(
    rows: Iterable[Any],
    rules: TenantRules,
    digests: Mapping[str, IdentifierKey],
    also: Iterable[Customer] = (),
    *,
    is_whole: bool,
) -> Roster:
    *known, rest = rows
    if (rest.revision or 0) != rules.revision:
        raise RulesChangedError("the rules have just been changed; retry")
    customers = {customer.id: customer for customer in also}
    customers |= {customer.id: customer for customer in map(customer_of, known)}
    return Roster(
        customers.values(),
        links=links_from_json(rest.links or ()),
        claims=claims_from_json(rest.claims or ()),
        quarantine=quarantine_from_json(rest.quarantined or ()),
        shared=(IdentifierKey(**key) for key in rest.shared or ()),
        denials=denials_from_json(rest.denied, digests),
        is_whole=is_whole,
        rules_version=rest.rules_version or 0,
    )
