"""Builds the channels: webhooks, the vault, and the timer that processes deliveries."""

from common.runtime import drain
from common.service import Foundation, Part, Retention
from interactions.channels.http import webhooks
from interactions.channels.http.state import ChannelsState
from interactions.channels.kit.sealing import Sealer
from interactions.channels.providers.registry import adapters
from interactions.channels.store.deliveries import HELD_SINCE
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
        daily_tables=["raw_delivery"],
        retention={"raw_delivery": Retention(settings.vault_days, "state <> 'processed'")},
    )
