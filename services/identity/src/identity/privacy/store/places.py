"""The tables with data about people, and how a person's rows of each are found.

A new table with data about people belongs here: ``test_erasures.py`` compares these lists
with the tables of the database.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import TextClause, text

ELSEWHERE = ("merge_log", "group_member", "group_contact_point")
"""Erased at once by statements of their own, because others have a part in the same rows."""
ERASED_IN_STEPS = ("attribute_observation", "dead_letter", "outbox", "idempotency")
WITHOUT_PEOPLE = (
    "api_key", "consumer_progress", "customer_group", "customer_search_progress", "denied_key",
    "erased_subject", "erasure", "erasure_report", "erasure_work", "identifier_type", "inbox",
    "match_backfill", "match_queue", "match_tenant", "retirement", "rule_run", "rule_run_change",
    "rule_set", "rules_in_force", "suppression",
)  # fmt: skip
"""They hold ids, hashes and numbers, and what a tenant says of a household or an account, or of
values that are nobody's; ``erasure_work`` is emptied by its last step."""

# The fence keeps each look-up an index's, also while a table is too young to have statistics.
KEYS = """
    unnest(cast(:types AS text[]), cast(:scopes AS text[]), cast(:values AS text[]))
    AS key (type, scope, value)
"""
_FENCE = "OFFSET 0"
DECISION_VALUES = "jsonb_path_query_array(keys || links || evidence, '$[*].*')"
"""What an index of decisions is on."""


@dataclass(frozen=True, slots=True)
class Place:
    """A table from which the request itself erases, and the query for the keys of the rows."""

    table: str
    key: tuple[str, ...]
    """The primary key without the tenant."""
    rows: str

    @property
    def count(self) -> TextClause:
        return text(f"SELECT count(*) FROM ({self.rows}) AS hit")

    @property
    def delete(self) -> TextClause:
        same = " AND ".join(f"gone.{name} = hit.{name}" for name in self.key)
        return text(
            f"WITH hit AS MATERIALIZED ({self.rows}) DELETE FROM {self.table} AS gone"
            f" USING hit WHERE gone.tenant_id = :tenant_id AND {same}"
        )


def _of_ids(table: str, key: Iterable[str], column: str) -> str:
    return (
        f"SELECT {', '.join(key)} FROM {table}"
        f" WHERE tenant_id = :tenant_id AND {column} = ANY (cast(:ids AS uuid[]))"
    )


def _of_keys(table: str, key: Iterable[str], *, end: str = "") -> str:
    names = ", ".join(f"held.{name}" for name in key)
    return f"""
        SELECT {names} FROM {KEYS} CROSS JOIN LATERAL (
            SELECT * FROM {table}
            WHERE tenant_id = :tenant_id AND {end}type = key.type AND {end}scope = key.scope
              AND {end}value = key.value
            {_FENCE}) AS held
    """


_IDENTIFIER = ("type", "scope", "value")
_OF_CUSTOMER = (*_IDENTIFIER, "customer_id")
_LINK = (
    "low_type", "low_scope", "low_value", "high_type", "high_scope", "high_value", "rule",
)  # fmt: skip
# A decision about others names the person's identifier if the person was split from one of them.
_DECISIONS_OF_KEYS = f"""
    SELECT held.decision_id FROM {KEYS} CROSS JOIN LATERAL (
        SELECT decision_id FROM decision
        WHERE tenant_id = :tenant_id AND {DECISION_VALUES} ? key.value
          AND keys @> jsonb_build_array(jsonb_build_object(
              'type', key.type, 'scope', key.scope, 'value', key.value))
        {_FENCE}) AS held
"""

_CUSTOMER, _CANDIDATE = ("customer_id",), ("left_id", "right_id")
PLACES = (
    Place(
        "match_key",
        ("key", "customer_id"),
        """
        SELECT own.key, profile.customer_id
        FROM match_profile AS profile CROSS JOIN LATERAL unnest(profile.keys) AS own (key)
        WHERE profile.tenant_id = :tenant_id AND profile.customer_id = ANY (cast(:ids AS uuid[]))
        """,
    ),
    Place("match_profile", _CUSTOMER, _of_ids("match_profile", _CUSTOMER, "customer_id")),
    Place(
        "match_candidate",
        _CANDIDATE,
        f"{_of_ids('match_candidate', _CANDIDATE, 'left_id')}"
        f" UNION {_of_ids('match_candidate', _CANDIDATE, 'right_id')}",
    ),
    Place(
        "claim",
        _OF_CUSTOMER,
        f"{_of_ids('claim', _OF_CUSTOMER, 'customer_id')} UNION {_of_keys('claim', _OF_CUSTOMER)}",
    ),
    Place(
        "quarantine",
        _IDENTIFIER,
        f"{_of_ids('quarantine', _IDENTIFIER, 'customer_id')}"
        f" UNION {_of_keys('quarantine', _IDENTIFIER)}",
    ),
    Place(
        "decision",
        ("decision_id",),
        f"{_of_ids('decision', ('decision_id',), 'customer_id')}"
        f" UNION {_of_ids('decision', ('decision_id',), 'other_id')} UNION {_DECISIONS_OF_KEYS}",
    ),
    Place(
        "link",
        _LINK,
        f"{_of_keys('link', _LINK, end='low_')} UNION {_of_keys('link', _LINK, end='high_')}",
    ),
    Place(
        "key_conflict",
        _OF_CUSTOMER,
        f"{_of_ids('key_conflict', _OF_CUSTOMER, 'customer_id')}"
        f" UNION {_of_ids('key_conflict', _OF_CUSTOMER, 'held_by')}",
    ),
    Place(
        "customer_search",
        ("customer_id",),
        _of_ids("customer_search", ["customer_id"], "customer_id"),
    ),
    Place("identifier", _IDENTIFIER, _of_ids("identifier", _IDENTIFIER, "customer_id")),
    Place(
        "customer_alias", ("origin_id",), _of_ids("customer_alias", ["origin_id"], "canonical_id")
    ),
    Place("customer", ("id",), _of_ids("customer", ["id"], "id")),
)
"""In the order in which rows may go: the customers, to which the others refer, come last."""
