"""Decisions of persons as rows, and the links that are taken back with them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Columns, Transaction
from identifiers import IdentifierKey
from identity.resolution.domain.decisions import Decision
from identity.resolution.domain.graph.evidence import LinkId, Rule
from identity.resolution.domain.roster import PendingWrites
from identity.resolution.store.links import LINK_KEY

DECISION = Columns(
    {
        "decision_id": "uuid",
        "kind": "text",
        "customer_id": "uuid",
        "other_id": "uuid",
        "keys": "jsonb",
        "actor": "text",
        "reason": "text",
        "undo_of": "uuid",
        "merge_id": "uuid",
        "basis": "text",
        "evidence": "jsonb",
        "score": "double precision",
        "rules_version": "integer",
        "links": "jsonb",
    }
)
RELEASE = "release"
"""The kind of a decision that takes an identifier out of quarantine; the others are rules."""

_WITHDRAWAL = Columns({"decision_id": "uuid", "actor": "text", "reason": "text"})
_LINK_KEY = Columns(dict.fromkeys(LINK_KEY, "text"))

INSERT_DECISIONS = text(
    f"""
    INSERT INTO decision (tenant_id, {DECISION.names}, decided_at)
    SELECT :tenant_id, {DECISION.names}, :now FROM {DECISION.table("decisions")}
    """
)
WITHDRAW_DECISIONS = text(
    f"""
    UPDATE decision
    SET withdrawn_at = :now, withdrawn_by = gone.actor, withdrawal_reason = gone.reason
    FROM {_WITHDRAWAL.table("withdrawals", "gone")}
    WHERE decision.tenant_id = :tenant_id AND decision.decision_id = gone.decision_id
      AND decision.withdrawn_at IS NULL
    """
)
DELETE_LINKS = text(
    f"""
    DELETE FROM link USING {_LINK_KEY.table("links", "gone")}
    WHERE link.tenant_id = :tenant_id
      AND {" AND ".join(f"link.{name} = gone.{name}" for name in LINK_KEY)}
    """
)
# Each side has an index of its own, and the ids of a customer are few.
STANDING = text(
    f"""
    SELECT {DECISION.names}, decided_at FROM decision
    WHERE tenant_id = :tenant_id AND withdrawn_at IS NULL
      AND customer_id = ANY(cast(:ids AS uuid[]))
    UNION
    SELECT {DECISION.names}, decided_at FROM decision
    WHERE tenant_id = :tenant_id AND withdrawn_at IS NULL
      AND other_id = ANY(cast(:ids AS uuid[]))
    ORDER BY decided_at, decision_id
    """
)


async def list_standing_decisions(
    tx: Transaction, tenant_id: str, ids: Iterable[UUID]
) -> list[Decision]:
    """Return the decisions about these ids that were not withdrawn, the oldest first."""
    rows = await tx.execute(STANDING, {"tenant_id": tenant_id, "ids": sorted(set(ids))})
    return [decision_of(row) for row in rows]


async def mark_withdrawn(
    tx: Transaction, tenant_id: str, pending: PendingWrites, *, now: datetime
) -> None:
    """Mark decisions as withdrawn, and delete the links that are taken back."""
    if pending.withdrawals:
        rows = [
            {"decision_id": gone.decision_id, "actor": gone.actor, "reason": gone.reason}
            for gone in pending.withdrawals
        ]
        parameters = {"tenant_id": tenant_id, "now": now, "withdrawals": _WITHDRAWAL.values(rows)}
        await tx.execute(WITHDRAW_DECISIONS, parameters)
    if pending.removed_links:
        links = [_link_json(link_id) for link_id in sorted(pending.removed_links)]
        await tx.execute(DELETE_LINKS, {"tenant_id": tenant_id, "links": _LINK_KEY.values(links)})


async def insert_decisions(
    tx: Transaction, tenant_id: str, pending: PendingWrites, *, now: datetime
) -> None:
    """Write the decisions; the customers that they are about have been written."""
    rows = [_decision_row(decision) for decision in pending.decisions]
    parameters = {"tenant_id": tenant_id, "now": now, "decisions": DECISION.values(rows)}
    await tx.execute(INSERT_DECISIONS, parameters)


def decision_of(row: Any) -> Decision:
    """Return the decision of a row of ``DECISION``."""
    return Decision(
        id=row.decision_id,
        rule=None if row.kind == RELEASE else Rule(row.kind),
        customer_id=row.customer_id,
        other_id=row.other_id,
        keys=tuple(IdentifierKey(**key) for key in row.keys),
        actor=row.actor,
        reason=row.reason,
        undo_of=row.undo_of,
        merge_id=row.merge_id,
        basis=row.basis,
        evidence=tuple(row.evidence),
        score=row.score,
        rules_version=row.rules_version,
        links=tuple(_link_of(link) for link in row.links),
    )


def _decision_row(decision: Decision) -> dict[str, Any]:
    return {
        "decision_id": decision.id,
        "kind": RELEASE if decision.rule is None else decision.rule.value,
        "customer_id": decision.customer_id,
        "other_id": decision.other_id,
        "keys": [key._asdict() for key in decision.keys],
        "actor": decision.actor,
        "reason": decision.reason,
        "undo_of": decision.undo_of,
        "merge_id": decision.merge_id,
        "basis": decision.basis,
        "evidence": [dict(piece) for piece in decision.evidence],
        "score": decision.score,
        "rules_version": decision.rules_version,
        "links": [_link_json(link_id) for link_id in decision.links],
    }


def _link_json(link_id: LinkId) -> dict[str, str]:
    low, high, rule = link_id
    return dict(zip(LINK_KEY, (*low, *high, rule.value), strict=True))


def _link_of(link: Mapping[str, str]) -> LinkId:
    low_type, low_scope, low_value, high_type, high_scope, high_value, rule = (
        link[name] for name in LINK_KEY
    )
    return LinkId(
        IdentifierKey(low_type, low_scope, low_value),
        IdentifierKey(high_type, high_scope, high_value),
        Rule(rule),
    )
