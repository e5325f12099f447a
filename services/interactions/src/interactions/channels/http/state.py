"""The collaborators of the webhooks, built in the wiring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from common.db import Clock, Database
from interactions.channels.kit.adapter import Adapter
from interactions.channels.kit.sealing import Sealer


@dataclass(frozen=True, kw_only=True)
class ChannelsState:
    """``deliveries_stored`` wakes the timer that processes deliveries in this process."""

    database: Database
    clock: Clock
    adapters: Mapping[str, Adapter]
    sealer: Sealer
    public_base_url: str | None
    deliveries_stored: Callable[[], None]
