"""What the context's routers need from the wiring."""

from dataclasses import dataclass

from common.db import Clock, Database, Horizon
from interactions.history import IdentityLookup
from interactions.settings import ContextSettings


@dataclass(frozen=True, kw_only=True)
class ContextState:
    database: Database
    clock: Clock
    horizon: Horizon
    identity: IdentityLookup
    settings: ContextSettings
    default_region: str | None = None
