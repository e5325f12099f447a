"""What the context's routers need from the wiring."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from common.db import Clock, Database, Horizon
from interactions.settings import ContextSettings


class IdentityResolver(Protocol):
    """Asks identity which customer has an identifier; never creates a customer."""

    async def find_customer(
        self, tenant_id: str, identifier: Mapping[str, Any], *, deadline_seconds: float
    ) -> UUID | None:
        """Return the customer, or None when no customer has it. Raises UnavailableError."""
        ...


@dataclass(frozen=True, kw_only=True)
class ContextState:
    database: Database
    clock: Clock
    horizon: Horizon
    identity: IdentityResolver
    settings: ContextSettings
