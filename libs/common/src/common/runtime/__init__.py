"""The building blocks of a process: components, loops, back-off, tasks, batches, a server."""

from common.runtime import tasks
from common.runtime.backoff import Backoff
from common.runtime.batcher import Batcher, Call
from common.runtime.loop import Loop, Round, drain, without_session
from common.runtime.memo import Memo
from common.runtime.processes import (
    Component,
    run_components,
    spare_garbage_collection,
    stop_on_signals,
)
from common.runtime.rotation import Rotation
from common.runtime.shares import NOBODY, WAIT_SECONDS, Shares
from common.runtime.sockets import HttpServer, is_trusted, parsed_address, prefix_of
from common.runtime.tasks import spawn, within
from common.runtime.turns import Turns, in_turns, resting_beside_others

__all__ = [
    "NOBODY",
    "WAIT_SECONDS",
    "Backoff",
    "Batcher",
    "Call",
    "Component",
    "HttpServer",
    "Loop",
    "Memo",
    "Rotation",
    "Round",
    "Shares",
    "Turns",
    "drain",
    "in_turns",
    "is_trusted",
    "parsed_address",
    "prefix_of",
    "resting_beside_others",
    "run_components",
    "spare_garbage_collection",
    "spawn",
    "stop_on_signals",
    "tasks",
    "within",
    "without_session",
]
