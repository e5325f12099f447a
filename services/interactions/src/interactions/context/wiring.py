"""Builds the context: its API, and the consumers that keep its copies of customers and clocks."""

from collections.abc import Sequence

from common.db import Horizon
from common.messaging import Consumer, Stream
from common.runtime import Component, drain
from common.service import Foundation, Part
from interactions.context.consumers.clocks import clocks_stream
from interactions.context.consumers.customers import customers_stream
from interactions.context.events.consumed import CLOCKS_TOPIC, CUSTOMERS_TOPIC
from interactions.context.http import change_feed, context, timeline
from interactions.context.http.state import ContextState
from interactions.context.timers.compact_versions import CompactVersions
from interactions.context.timers.refile_moved import RefileMoved
from interactions.context.timers.rekey_known import RekeyKnown
from interactions.context.usecases.erasures import BeginErasures
from interactions.history import IdentityLookup
from interactions.settings import InteractionsSettings


def build_context(
    foundation: Foundation,
    settings: InteractionsSettings,
    *,
    identity: IdentityLookup,
    begin_erasures: BeginErasures,
) -> Part:
    """Return the part that serves everything about a customer in one call."""
    streams = {"customers": customers_stream(begin_erasures), "clocks": clocks_stream()}
    return Part(
        routers=[context.router, timeline.router, change_feed.router],
        state=ContextState(
            database=foundation.database,
            clock=foundation.clock,
            horizon=Horizon(foundation.database, "interaction_sequence"),
            identity=identity,
            settings=settings.context,
            default_region=settings.default_region,
        ),
        components=[
            *_timers(foundation, settings),
            *_consumers(foundation, settings, list(streams.values())),
        ],
        streams=streams,
        topics=[CUSTOMERS_TOPIC, CLOCKS_TOPIC],
    )


def _timers(foundation: Foundation, settings: InteractionsSettings) -> list[Component]:
    database, clock = foundation.database, foundation.clock
    keep = settings.context.version_retention
    refile = RefileMoved(database, region=settings.default_region, clock=clock)
    return [
        drain("timer:rekey_known", RekeyKnown(database), pause_seconds=60.0),
        drain("timer:refile_moved", refile, pause_seconds=2.0),
        drain(
            "timer:compact_versions",
            CompactVersions(database, keep=keep, clock=clock),
            pause_seconds=600.0,
        ),
    ]


def _consumers(
    foundation: Foundation, settings: InteractionsSettings, streams: Sequence[Stream]
) -> list[Component]:
    return [
        Consumer(foundation.database, settings.kafka, stream, clock=foundation.clock, parallel=2)
        for stream in streams
    ]
