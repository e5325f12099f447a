"""What the context's routers need from the wiring."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from common.db import Clock, Database, Horizon


class IdentityResolver(Protocol):
    """Asks identity who has an identifier, without creating anybody."""

    async def find_customer(
        self, tenant_id: str, identifier: Mapping[str, Any], *, deadline_seconds: float
    ) -> UUID | None:
        """Return the customer, or None when nobody has it. Raises UnavailableError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextOptions:
    stale_after_seconds: float = 10.0
    """A source whose watermark is older than this makes its parts incomplete."""
    deadline_seconds: float = 0.5
    """For the whole context; past it, half as long again is given to the parts that are cheap."""
    identity_deadline_seconds: float = 0.25
    timeline_deadline_seconds: float = 5.0
    """A search may take its time; the first page of a timeline takes milliseconds."""


@dataclass(frozen=True, kw_only=True)
class ContextState:
    database: Database
    clock: Clock
    horizon: Horizon
    identity: IdentityResolver
    context: ContextOptions = field(default_factory=ContextOptions)
