"""Erasures as identity announces them; what they mean to this service is up to ``privacy``."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from common.db import Transaction


@dataclass(frozen=True, slots=True)
class AnnouncedErasure:
    """A customer of a tenant that is erased, by all ids that led to it."""

    tenant_id: str
    erasure_id: UUID
    customer_ids: tuple[UUID, ...]


class BeginErasures(Protocol):
    """Begin the erasures that are announced, within this transaction."""

    def __call__(
        self, tx: Transaction, announced: Sequence[AnnouncedErasure], /, *, now: datetime
    ) -> Awaitable[None]: ...
