"""An erasure: who is erased, how far it has come, and what its receipt says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

RECEIPT_TYPE = "threadline.erasure-receipt"
RECEIPT_VERSION = 1


class ErasureState(StrEnum):
    """How far an erasure has come. The person cannot be read from the first state on."""

    ERASING = "erasing"
    """identity is searching its logs, queues and stored answers."""
    WAITING = "waiting"
    """identity is done; other services have not reported yet."""
    COMPLETE = "complete"
    """Every service has reported, and the receipt is signed."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one service erased: rows by place, and until when Kafka keeps what it published."""

    service: str
    counts: Mapping[str, int]
    completed_at: datetime
    records_expire_at: datetime


@dataclass(frozen=True, slots=True)
class Erasure:
    """``customer_ids`` are the canonical id, then every other id that led to the customer."""

    tenant_id: str
    erasure_id: UUID
    customer_ids: tuple[UUID, ...]
    reason: str
    actor: str
    denied_keys: int
    counts: Mapping[str, int]
    requested_at: datetime
    completed_at: datetime | None = None
    receipt: str | None = None
    reports: tuple[Report, ...] = ()

    @property
    def state(self) -> ErasureState:
        if self.completed_at is not None:
            return ErasureState.COMPLETE
        return ErasureState.WAITING if self.reported(("identity",)) else ErasureState.ERASING

    def reported(self, services: Sequence[str]) -> bool:
        """Return whether all of these services have reported."""
        return set(services) <= {report.service for report in self.reports}


def receipt_of(erasure: Erasure, *, completed_at: datetime) -> dict[str, Any]:
    """Return what a receipt states: who by id, what by number, when. It names no person."""
    return {
        "type": RECEIPT_TYPE,
        "version": RECEIPT_VERSION,
        "tenant_id": erasure.tenant_id,
        "erasure_id": str(erasure.erasure_id),
        "customer_ids": [str(customer_id) for customer_id in erasure.customer_ids],
        "reason": erasure.reason,
        "actor": erasure.actor,
        "requested_at": _time(erasure.requested_at),
        "completed_at": _time(completed_at),
        "denied_identifiers": erasure.denied_keys,
        "services": [
            {
                "service": report.service,
                "completed_at": _time(report.completed_at),
                "erased": dict(sorted(report.counts.items())),
                "kafka_records_expire_at": _time(report.records_expire_at),
            }
            for report in sorted(erasure.reports, key=lambda report: report.service)
        ],
    }


def _time(time: datetime) -> str:
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")
