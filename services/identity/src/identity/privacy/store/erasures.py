"""Erasures and the reports of the services about them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection, Transaction
from common.jsons import dumps_text
from identity.privacy.domain.erasures import Erasure, Report

_COLUMNS = """
    SELECT erasure.*, ARRAY(
        SELECT jsonb_build_object(
            'service', service, 'counts', counts, 'completed_at', completed_at,
            'records_expire_at', records_expire_at)
        FROM erasure_report AS report
        WHERE report.tenant_id = erasure.tenant_id AND report.erasure_id = erasure.erasure_id
        ORDER BY service) AS reports
    FROM erasure
"""
_GET = text(f"{_COLUMNS} WHERE erasure.tenant_id = :tenant_id AND erasure.erasure_id = :erasure_id")
_LOCK = text(
    f"{_COLUMNS} WHERE erasure.tenant_id = :tenant_id AND erasure.erasure_id = :erasure_id"
    " FOR UPDATE OF erasure"
)
_OF_CUSTOMER = text(
    f"""
    {_COLUMNS}
    JOIN erased_subject AS erased
      ON erased.tenant_id = erasure.tenant_id AND erased.erasure_id = erasure.erasure_id
    WHERE erased.tenant_id = :tenant_id AND erased.subject_id = :customer_id
    """
)
_INSERT = text(
    """
    INSERT INTO erasure (tenant_id, erasure_id, customer_ids, reason, actor, denied_keys, counts,
                         requested_at)
    VALUES (:tenant_id, :erasure_id, :customer_ids, :reason, :actor, :denied_keys,
            cast(:counts AS jsonb), :requested_at)
    """
)
_REPORT = text(
    """
    INSERT INTO erasure_report
        (tenant_id, erasure_id, service, counts, completed_at, records_expire_at)
    SELECT :tenant_id, :erasure_id, :service, cast(:counts AS jsonb), :completed_at,
           :records_expire_at
    WHERE EXISTS (SELECT FROM erasure
                  WHERE tenant_id = :tenant_id AND erasure_id = :erasure_id)
    ON CONFLICT DO NOTHING
    """
)
_COMPLETE = text(
    """
    UPDATE erasure SET completed_at = :completed_at, receipt = :receipt
    WHERE tenant_id = :tenant_id AND erasure_id = :erasure_id
    """
)


async def find_erasure(
    connection: ReadConnection, tenant_id: str, erasure_id: UUID
) -> Erasure | None:
    """Return an erasure with its reports, or None."""
    parameters = {"tenant_id": tenant_id, "erasure_id": erasure_id}
    return _erasure((await connection.execute(_GET, parameters)).one_or_none())


async def lock_erasure(tx: Transaction, tenant_id: str, erasure_id: UUID) -> Erasure | None:
    """Return an erasure with its reports, locked until the transaction ends, or None."""
    parameters = {"tenant_id": tenant_id, "erasure_id": erasure_id}
    return _erasure((await tx.execute(_LOCK, parameters)).one_or_none())


async def find_erasure_of(
    connection: ReadConnection, tenant_id: str, customer_id: UUID
) -> Erasure | None:
    """Return the erasure of the customer that once had this id, or None."""
    parameters = {"tenant_id": tenant_id, "customer_id": customer_id}
    return _erasure((await connection.execute(_OF_CUSTOMER, parameters)).one_or_none())


async def insert_erasure(tx: Transaction, erasure: Erasure) -> None:
    await tx.execute(
        _INSERT,
        {
            "tenant_id": erasure.tenant_id,
            "erasure_id": erasure.erasure_id,
            "customer_ids": list(erasure.customer_ids),
            "reason": erasure.reason,
            "actor": erasure.actor,
            "denied_keys": erasure.denied_keys,
            "counts": dumps_text(erasure.counts),
            "requested_at": erasure.requested_at,
        },
    )


async def insert_report(tx: Transaction, tenant_id: str, erasure_id: UUID, report: Report) -> bool:
    """Store a service's report; return False if it was stored before, or nothing is known of it."""
    result = await tx.execute(
        _REPORT,
        {
            "tenant_id": tenant_id,
            "erasure_id": erasure_id,
            "service": report.service,
            "counts": dumps_text(report.counts),
            "completed_at": report.completed_at,
            "records_expire_at": report.records_expire_at,
        },
    )
    return result.rowcount > 0


async def mark_complete(tx: Transaction, erasure: Erasure) -> None:
    """Store the receipt of a complete erasure."""
    await tx.execute(
        _COMPLETE,
        {
            "tenant_id": erasure.tenant_id,
            "erasure_id": erasure.erasure_id,
            "completed_at": erasure.completed_at,
            "receipt": erasure.receipt,
        },
    )


def _erasure(row: Any) -> Erasure | None:
    if row is None:
        return None
    return Erasure(
        tenant_id=row.tenant_id,
        erasure_id=row.erasure_id,
        customer_ids=tuple(row.customer_ids),
        reason=row.reason,
        actor=row.actor,
        denied_keys=row.denied_keys,
        counts=row.counts,
        requested_at=row.requested_at,
        completed_at=row.completed_at,
        receipt=row.receipt,
        reports=tuple(_report(item) for item in row.reports),
    )


def _report(item: Any) -> Report:
    return Report(
        service=item["service"],
        counts=item["counts"],
        completed_at=datetime.fromisoformat(item["completed_at"]),
        records_expire_at=datetime.fromisoformat(item["records_expire_at"]),
    )
