"""Builds the channels: webhooks, the vault, and the timer that processes deliveries."""

from common.db import ReadConnection
from common.runtime import drain
from common.service import Foundation, Part, Retention
from interactions.channels import metrics
from interactions.channels.http import webhooks
from interactions.channels.http.state import ChannelsState
from interactions.channels.kit.sealing import Sealer
from interactions.channels.providers.registry import adapters
from interactions.channels.store.deliveries import HELD_SINCE
from interactions.channels.store.vault_size import get_vault_size
from interactions.channels.timers.process_deliveries import ProcessDeliveries
from interactions.history import Deadline, Resolver
from interactions.settings import InteractionsSettings


def build_channels(
    foundation: Foundation, settings: InteractionsSettings, *, resolver: Resolver
) -> Part:
    """Return the part that receives providers' calls."""
    deliveries = drain(
        "timer:process_deliveries",
        ProcessDeliveries(
            foundation.database,
            resolver,
            adapters(),
            clock=foundation.clock,
            deadline=Deadline(settings.identity.patient_deadline_seconds, 0.0),
            window=settings.thread_window,
            default_region=settings.default_region,
        ),
        pause_seconds=settings.poll_seconds,
    )
    return Part(
        routers=[webhooks.router],
        state=ChannelsState(
            database=foundation.database,
            clock=foundation.clock,
            adapters=adapters(),
            sealer=Sealer(settings.sealing.keys, settings.sealing.current),
            public_base_url=settings.public_base_url,
            deliveries_stored=deliveries.wake,
        ),
        components=[deliveries],
        held_since=HELD_SINCE,
        readings=[_read_vault_size],
        daily_tables=["raw_delivery"],
        retention={"raw_delivery": Retention(settings.vault_days, "state <> 'processed'")},
    )


async def _read_vault_size(connection: ReadConnection) -> None:
    size = await get_vault_size(connection)
    metrics.VAULT_ROWS.labels("waiting").set(size.waiting)
    metrics.VAULT_BYTES.labels("waiting").set(size.waiting_bytes)
    metrics.VAULT_ROWS.labels("quarantined").set(size.quarantined)
    metrics.VAULT_BYTES.labels("quarantined").set(size.quarantined_bytes)
    metrics.VAULT_OLDEST.set(size.oldest_seconds)
    metrics.VAULT_SIZE.set(size.disk_bytes)
