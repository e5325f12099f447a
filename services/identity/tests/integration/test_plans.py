"""The statements of the hot paths read by index, however large the tables are."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import TextClause, text

from common.db import Database
from common.jsons import dumps_text
from devstack.testing.fake_clock import NOON
from devstack.testing.observation.plans import explain_kept_plan
from identity.customers.store import attribute_history, customer_views, customers, unindexed
from identity.graph.store import graphs
from identity.groups.store import groups, members
from identity.matching.store import candidate_views, candidates, profiles
from identity.merging.store import decision_lists, pasts
from identity.registry.store import rule_sets
from identity.rekeying.store import old_keys
from identity.resolution.store import (
    connected,
    decisions,
    links,
    locks,
    obstacles,
    rosters,
    versions,
)
from identity.rules.store import runs, stored
from services.identity.tests.harness import email

KEYS = {
    "types": ["email"] * 3,
    "scopes": [""] * 3,
    "values": ["a", "b", "c"],
    "digests": [b"a", b"b", b"c"],
}
PAIRS = {
    f"{end}_{name}s": [part]
    for end in ("low", "high")
    for name, part in (("type", "email"), ("scope", ""), ("value", end))
}
CONNECTED = {"devices": ["cookie", "device"], "now": NOON, "through": False}
IDS = {"ids": [uuid4(), uuid4()]}
REDIRECTS = f'[{{"absorbed_id": "{uuid4()}", "survivor_id": "{uuid4()}"}}]'
MERGE = {"redirects": REDIRECTS, "merges": "[]", "now": NOON, "rules_version": 0}

SHARES = f'[{{"carriers": [], "to_id": "{uuid4()}"}}]'
NEWEST = {"created_from": NOON, "before": NOON, "before_id": uuid4(), "limit": 51}
OBSERVED = (
    f'[{{"customer_id": "{uuid4()}", "name": "tier", "observed_at": "{NOON.isoformat()}",'
    ' "digest": "\\\\x00", "value": 1, "verified": false, "level": "claimed", "priority": 0,'
    f' "sequence": 1, "is_claim": false, "counts": false, "ingested_at": "{NOON.isoformat()}"}}]'
)
SAVE = {
    "now": NOON,
    "normaliser_version": 2,
    "customers": "[]",
    "terms": "[]",
    "changed": [],
    "created": [],
    "observations": OBSERVED,
    "identifiers": "[]",
    "locked": [],
    "links": "[]",
    "claims": "[]",
}

STATEMENTS: dict[str, tuple[TextClause, dict[str, Any]]] = {
    "find_by_ids": (customers.BY_IDS, IDS),
    "lock": (locks.LOCK_CUSTOMERS, IDS),
    "known": (connected.KNOWN, KEYS | PAIRS | {"now": NOON}),
    "connected": (
        connected.CONNECTED,
        KEYS | {"devices": ["cookie"], "most": 2_010, "now": NOON, "through": False},
    ),
    "lock free": (locks.LOCK_FREE_CUSTOMERS, IDS),
    "view": (customer_views.VIEW, {"customer_id": uuid4(), "now": NOON}),
    "newest": (customer_views.NEWEST, NEWEST),
    "newest of a tier": (customer_views.NEWEST_OF_TIER, NEWEST | {"tier": "gold"}),
    "prefix": (
        customer_views.BY_PREFIX,
        {"prefix": "a", "prefix_end": "b", "after": "", "after_id": uuid4(), "limit": 51},
    ),
    "similar": (
        customer_views.SIMILAR,
        {"name": "anna berg", "after": -(2**31), "after_id": uuid4(), "limit": 51},
    ),
    "by identifier": (customer_views.BY_KEY, {"type": "email", "scope": "", "value": "a"}),
    "attributes": (attribute_history.CURRENT, {"customer_id": uuid4()}),
    "attributes at a time": (attribute_history.AT, {"customer_id": uuid4(), "at": NOON}),
    "history of an attribute": (
        attribute_history.HISTORY,
        {
            "customer_id": uuid4(),
            "name": "tier",
            "before": NOON,
            "before_sequence": 0,
            "limit": 51,
        },
    ),
    "unindexed": (
        unindexed.NEXT,
        {"customer_id": uuid4(), "count": 500},
    ),
    "save": (rosters.SAVE, SAVE),
    "versions": (versions.LIST, IDS),
    "depart": (
        versions.DEPART,
        {
            "origins": IDS["ids"],
            "shares": f'[{{"carriers": [], "to_id": "{uuid4()}"}}]',
            "now": NOON,
        },
    ),
    "merge": (rosters.MERGE, MERGE),
    "old keys": (old_keys.LIST, {"count": 200}),
    "stamp": (old_keys.STAMP, {"keys": '[{"type": "email", "scope": "", "value": "a"}]'}),
    "blocks": (profiles.BLOCKS, {"keys": [1, 2, 3]}),
    "profiles": (profiles.BY_IDS, IDS),
    "stale profiles": (profiles.STALE, {"model": 1, "count": 1_000}),
    "sample": (profiles.SAMPLE, {"count": 2_000}),
    "candidates of profiles": (candidates.TOUCHING, IDS),
    "open candidates": (candidates.OPEN, IDS),
    "states of candidates": (
        candidates.SAVE_STATES,
        {
            "candidates": dumps_text(
                [
                    {
                        "left_id": str(UUID(int=1)),
                        "right_id": str(UUID(int=2)),
                        "state": "merged",
                        "refusal": None,
                        "sequence": 1,
                    }
                ]
            )
        },
    ),
    "compared profiles": (profiles.COMPARED, IDS | {"model": 1}),
    "shared": (obstacles.SHARED, KEYS),
    "kept apart": (obstacles.KEPT_APART, IDS),
    "proposed": (candidates.BY_STATE, {"state": "proposed", "count": 1_000}),
    "members": (candidates.MEMBERS, IDS),
    "candidate": (candidate_views.FIND, {"candidate_id": uuid4()}),
    "unlink": (
        rosters.DELETE_IDENTIFIERS,
        {"keys": '[{"type": "email", "scope": "", "value": "a"}]'},
    ),
}
GROUP = {"group_id": uuid4()}
PERSON = {"customer_id": uuid4()}
PAGE: dict[str, Any] = {"after": UUID(int=0), "limit": 51}
AFTER = {"at": NOON, "after_customer": UUID(int=0), "after_role": "", "limit": 51}
POINT = {"type": "email", "scope": "", "value": "a"}
COUNTED = {**GROUP, "version": 2, "member_count": 1, "now": NOON}
MEMBER = f'[{{"customer_id": "{uuid4()}", "role": "parent"}}]'
SAVED = {
    **GROUP,
    "version": 2,
    "kind": "account",
    "name": "a",
    "attributes": "{}",
    "updated_at": NOON,
    "points": '[{"type": "email", "scope": "", "value": "a", "raw": "a"}]',
}
DECIDED = {"before": NOON, "before_id": uuid4(), "limit": 51}
LINK_KEY = {
    **{f"low_{name}": value for name, value in POINT.items()},
    **{f"high_{name}": value for name, value in POINT.items()},
    "rule": "must-link",
}
STATEMENTS |= {
    "merge by id": (pasts.MERGE_BY_ID, {"merge_id": uuid4()}),
    "merges of customers": (pasts.MERGES_OF, IDS),
    "absorbed customers": (pasts.ABSORBED, IDS),
    "decision by id": (pasts.DECISION_BY_ID, {"decision_id": uuid4()}),
    "standing decisions": (decisions.STANDING, IDS),
    "decisions of a customer": (decision_lists.DECISIONS_OF, {**PERSON, **DECIDED}),
    "merges of a customer": (decision_lists.MERGES_OF, {**PERSON, **DECIDED}),
    "delete links": (decisions.DELETE_LINKS, {"links": dumps_text([LINK_KEY])}),
    "neighbours": (links.NEIGHBOURS, POINT),
    "move aliases": (
        rosters.MOVE_ALIASES,
        {"aliases": dumps_text([{"origin_id": uuid4(), "canonical_id": uuid4()}])},
    ),
    "graph": (graphs.GRAPH, PERSON),
    "group": (groups.BY_ID, GROUP),
    "lock a group": (groups.LOCK_BY_EXTERNAL_ID, {"source": "crm", "external_id": "1"}),
    "groups of customers": (groups.LOCK_OF_CUSTOMERS, IDS),
    "groups": (groups.PAGE, PAGE),
    "groups of a kind": (groups.PAGE_OF_KIND, {**PAGE, "kind": "household"}),
    "groups by contact point": (groups.PAGE_BY_CONTACT_POINT, {**PAGE, **POINT}),
    "older contact points": (groups.FIND_OLDER_KEY, {}),
    "save a group": (groups.SAVE, SAVED),
    "delete a group": (groups.DELETE, {**GROUP, "version": 2, "updated_at": NOON}),
    "person in a group": (members.LOCK_PERSON, {**GROUP, **PERSON}),
    "members": (members.PAGE_OF_GROUP, {**GROUP, **AFTER}),
    "groups of a customer": (
        members.PAGE_OF_CUSTOMER,
        {**PERSON, **AFTER, "after_group": UUID(int=0)},
    ),
    "memberships": (members.OF_CUSTOMERS, IDS),
    "save members": (members.SAVE, {**COUNTED, "members": MEMBER}),
    "delete members": (members.DELETE, {**COUNTED, "members": MEMBER}),
    "delete memberships": (
        members.DELETE_OF_CUSTOMERS,
        {**IDS, "now": NOON, "groups": '[{"id": null, "version": 1, "member_count": 0}]'},
    ),
}

QUARANTINED = {"type": "", "scope": "", "value": "", "count": 20}
RUN = {"run_id": uuid4(), "customer_id": UUID(int=0), "phase": "", "limit": 51}
STATEMENTS |= {
    "rules in force": (rule_sets.FIND_IN_FORCE, {}),
    "versions of rules": (rule_sets.LIST, {"before": 9, "limit": 51}),
    "next run": (runs.LOCK_NEXT, {}),
    "runs": (runs.LIST, {"before": UUID(int=2**128 - 1), "limit": 51}),
    "effects of a run": (runs.LIST_CHANGES, RUN),
    "old runs": (runs.PURGE, {"before": NOON, "count": 1_000}),
    "customers of a run": (stored.LIST_CUSTOMERS, {"after": UUID(int=0), "count": 20}),
    "entries of a run": (stored.LIST_ENTRIES, QUARANTINED),
    "entries beside": (stored.BESIDE, KEYS),
}

FILL = """
SET LOCAL session_replication_role = replica;
SET LOCAL statement_timeout = 0;
INSERT INTO customer (tenant_id, id, version, created_at, updated_at, attributes)
SELECT 'demo', gen_random_uuid(), 1, now(), now(), '{}' FROM generate_series(1, :count);
INSERT INTO customer_alias (tenant_id, origin_id, canonical_id)
SELECT tenant_id, id, id FROM customer;
INSERT INTO identifier (tenant_id, type, scope, value, raw, level, customer_id,
                        normaliser_version, first_seen_at)
SELECT tenant_id, 'email', '', cast(id AS text), '', 'claimed', id, 2, now() FROM customer;
INSERT INTO customer_group (tenant_id, id, version, kind, source, external_id, attributes,
                            member_count, created_at, updated_at)
SELECT tenant_id, id, 1, 'account', 'crm', cast(id AS text), '{}', 1, now(), now() FROM customer;
INSERT INTO group_contact_point (tenant_id, type, scope, value, group_id, raw, normaliser_version)
SELECT tenant_id, 'email', '', cast(id AS text), id, '', 2 FROM customer_group;
INSERT INTO group_member (tenant_id, group_id, customer_id, role, added_at)
SELECT tenant_id, id, id, 'member', now() FROM customer_group;
INSERT INTO link (tenant_id, low_type, low_scope, low_value, high_type, high_scope, high_value,
                  rule, first_seen_at, last_seen_at)
SELECT tenant_id, 'email', '', cast(id AS text), 'phone', '', cast(id AS text), 'together',
       now(), now() FROM customer;
INSERT INTO claim (tenant_id, type, scope, value, customer_id, raw, claimed_at, expires_at)
SELECT tenant_id, 'phone', '', cast(id AS text), id, '', now(), now() + interval '1 day'
FROM customer;
INSERT INTO decision (tenant_id, decision_id, kind, customer_id, other_id, keys, actor, reason,
                      decided_at)
SELECT tenant_id, id, 'must-link', id, id, '[]', '', '', now() FROM customer;
INSERT INTO merge_log (tenant_id, merge_id, survivor_id, absorbed_ids, reason, rule, actor,
                       evidence, before, merged_at)
SELECT tenant_id, id, id, '{}', '', '', '', '[]', '[]', now() FROM customer;
INSERT INTO quarantine (tenant_id, type, scope, value, customer_id, raw, level, first_seen_at,
                        birth_dates, verified_birth_dates, reason, since)
SELECT tenant_id, 'slack', '', cast(id AS text), id, '', 'claimed', now(), '{}', '{}', '', now()
FROM customer;
ANALYZE customer, customer_alias, identifier, link, claim, quarantine, decision, merge_log,
    customer_group, group_contact_point, group_member;
INSERT INTO customer_search (tenant_id, customer_id, version, created_at, name, tier)
SELECT tenant_id, id, 1, created_at, 'customer ' || cast(id AS text), 'gold' FROM customer;
INSERT INTO attribute_observation (tenant_id, customer_id, name, observed_at, digest, value,
                                   verified, ingested_at)
SELECT tenant_id, id, 'tier', now(), '', '"gold"', false, now() FROM customer;
INSERT INTO match_profile (tenant_id, customer_id, profile, keys, model, draw)
SELECT tenant_id, id, '{}', '{}', 0, 1 FROM customer;
INSERT INTO match_key (tenant_id, key, customer_id)
SELECT tenant_id, hashtextextended(cast(id AS text), 0), id FROM customer;
ANALYZE customer_search, attribute_observation, match_profile, match_key;
INSERT INTO rule_set (tenant_id, version, body, created_at, created_by)
SELECT 'demo', number, '{}', now(), '' FROM generate_series(1, :count) AS number;
INSERT INTO rules_in_force (tenant_id, version, revision, since)
SELECT cast(id AS text), 1, 1, now() FROM customer;
INSERT INTO rule_run (tenant_id, id, kind, version, base_version, state, phase, position, visited,
                      counts, failures, started_by, started_at, advanced_at, finished_at)
SELECT tenant_id, id, 'simulation', 1, 0, 'done', 'persons', '{}', 0, '{}', 0, '', now(), now(),
       now() FROM customer;
INSERT INTO rule_run_change (tenant_id, run_id, customer_id, phase, change)
SELECT tenant_id, id, id, 'persons', '{}' FROM customer;
ANALYZE rule_set, rules_in_force, rule_run, rule_run_change
"""


def scans(node: dict[str, Any]) -> list[str]:
    """Return the tables that a plan reads from end to end."""
    own = [node["Relation Name"]] if node["Node Type"] == "Seq Scan" else []
    return own + [name for child in node.get("Plans", ()) for name in scans(child)]


@pytest.mark.parametrize("count", [200, 100_000])
async def test_hot_statements_use_indexes(actor, as_owner: Callable[[str], str], count: int):
    """Connections keep a plan made on small tables, and use it when the tables have grown."""

    async def explain(tx: Any) -> dict[str, list[str]]:
        for statement in FILL.split(";"):
            await tx.execute(text(statement), {"count": count} if ":count" in statement else {})
        scanned = {}
        for name, (planned, parameters) in STATEMENTS.items():
            plan = await explain_kept_plan(tx, planned, {"tenant_id": "demo", **parameters})
            scanned[name] = scans(plan)
        return scanned

    settings = actor.database.settings
    dsn = SecretStr(as_owner(settings.dsn.get_secret_value()))
    # To fill a table takes longer than any request may.
    patient = settings.model_copy(update={"dsn": dsn, "statement_timeout_seconds": 120.0})
    database = Database(patient, service="identity")
    try:
        assert await database.run(explain) == {name: [] for name in STATEMENTS}
    finally:
        await database.close()


async def test_no_reference_crosses_tenants(actor):
    met = await actor.meet(email("anna"))

    async def steal(tx: Any) -> None:
        await tx.execute(
            text(
                "INSERT INTO identifier (tenant_id, type, scope, value, raw, level, customer_id,"
                " normaliser_version, first_seen_at)"
                " VALUES ('other', 'email', '', 'a', 'a', 'claimed', :id, 1, now())"
            ),
            {"id": met.customer_id},
        )

    with pytest.raises(Exception, match="foreign key"):
        await actor.database.run(steal)
