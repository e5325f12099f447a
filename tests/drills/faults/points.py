"""The ports at which a drill can strike, wrapped from outside; production code is unaware of them.

A port is one of the few functions through which a process changes the world. Wrapping them covers
every gap between two calls, because a process that dies in between has changed nothing.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal, get_args

import httpx
from alembic.operations import Operations
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db import Database
from common.errors import UnavailableError
from common.messaging import GroupReader, Producer
from common.messaging.inbox.batches import BatchHandler
from common.messaging.kafka import KafkaError
from common.messaging.outbox import relay_store

Port = Literal["batch", "transaction", "send", "mark", "report", "post", "ddl"]
When = Literal["before", "midway", "after"]
How = Literal["kill", "freeze", "raise", "hang"]

PORTS, WHENS, HOWS = get_args(Port), get_args(When), get_args(How)


@dataclass
class Point:
    """The ``nth`` matching call of a port.

    ``batch`` is what a consumer has read and not applied. ``of`` is the name of the use case, or of
    the single statement, that the transaction runs. ``about`` is a text that must occur in the
    call's arguments or in the values of the transaction's statements. Calls count from the one on
    that follows a call with the text ``behind``. ``midway`` exists for ``send`` only: half of the
    batch is acknowledged.
    """

    at: Port
    when: When = "before"
    nth: int = 1
    how: How = "kill"
    of: str = ""
    about: str = ""
    behind: str = ""

    def words(self) -> list[str]:
        """Return the launcher and its arguments, for ``Fleet.launch(through=…)``."""
        return [
            "tests.drills.faults.crash",
            "--at", self.at, "--when", self.when, "--nth", str(self.nth),
            "--how", self.how, "--of", self.of, "--about", self.about,
            "--behind", self.behind, "--",
        ]  # fmt: skip

    def arm(self) -> None:
        """Wrap the port in this process."""
        self._calls = count(1)
        self._has_begun = not self.behind
        {
            "batch": lambda: self._arm(BatchHandler, "handle", UnavailableError("drill")),
            "transaction": self._arm_transactions,
            "send": self._arm_send,
            "mark": lambda: self._arm(relay_store, "mark", UnavailableError("drill")),
            "report": lambda: self._arm(GroupReader, "report", KafkaError("drill")),
            "post": lambda: self._arm(httpx.AsyncClient, "send", httpx.ReadTimeout("drill")),
            "ddl": self._arm_ddl,
        }[self.at]()

    def _arm(self, owner: Any, name: str, error: Exception) -> None:
        real: Callable[..., Awaitable[Any]] = getattr(owner, name)

        async def wrapped(*args: Any, **kwargs: Any) -> Any:
            struck = self._counts(name, args)
            if struck and self.when == "before":
                await self._strike(error)
            result = await real(*args, **kwargs)
            if struck and self.when == "after":
                await self._strike(error)
            return result

        setattr(owner, name, wrapped)

    def _arm_transactions(self) -> None:
        self._arm_transaction()
        self._arm_bookkeeping()

    def _arm_transaction(self) -> None:
        """Strike after the last statement, before COMMIT, or after COMMIT was acknowledged."""
        real, error = Database.run, UnavailableError("the database is not available right now")

        async def run(database: Database, work: Any, /, *args: Any, **kwargs: Any) -> Any:
            struck = False

            async def watched(connection: AsyncConnection, *args: Any, **kwargs: Any) -> Any:
                nonlocal struck
                values: list[object] = []
                event.listen(
                    connection.sync_connection,
                    "before_cursor_execute",
                    lambda *given: values.append(given[3]),
                )
                result = await work(connection, *args, **kwargs)
                struck = self._counts(work.__name__, values)
                if struck and self.when == "before":
                    await self._strike(error)
                return result

            watched.__name__ = work.__name__
            result = await real(database, watched, *args, **kwargs)
            if struck and self.when == "after":
                await self._strike(error)
            return result

        Database.run = run  # type: ignore[method-assign]

    def _arm_bookkeeping(self) -> None:
        """Strike before or after a statement that is a transaction of its own."""
        real, error = Database.execute_once, UnavailableError("the database is not available")

        async def execute_once(database: Database, work: Any, /, *args: Any, **kwargs: Any) -> Any:
            struck = self._counts(work.__name__, args)
            if struck and self.when == "before":
                await self._strike(error)
            result = await real(database, work, *args, **kwargs)
            if struck and self.when == "after":
                await self._strike(error)
            return result

        Database.execute_once = execute_once  # type: ignore[method-assign]

    def _arm_send(self) -> None:
        if self.when != "midway":
            self._arm(Producer, "send_all", KafkaError("drill"))
            return
        real = Producer.send_all

        async def halved(producer: Producer, records: Any) -> None:
            batch = list(records)
            if len(batch) > 1 and self._counts("send_all", batch):
                await real(producer, batch[: len(batch) // 2])
                await self._strike(KafkaError("drill"))
            await real(producer, batch)

        Producer.send_all = halved  # type: ignore[method-assign, assignment]

    def _arm_ddl(self) -> None:
        """Strike before a statement of a migration, which runs without an event loop."""
        real = Operations.execute

        def struck(operations: Operations, *args: Any, **kwargs: Any) -> Any:
            if self._counts("execute", args):
                self._end()
            return real(operations, *args, **kwargs)

        Operations.execute = struck  # type: ignore[method-assign, assignment]

    def _counts(self, name: str, given: Any) -> bool:
        text = repr(given) if self.about or not self._has_begun else ""
        if not self._has_begun:
            self._has_begun = self.behind in text
            return False
        if self.of not in {"", name} or self.about not in text:
            return False
        return next(self._calls) == self.nth

    async def _strike(self, error: Exception) -> None:
        if self.how == "raise":
            raise error
        if self.how == "hang":
            await asyncio.Event().wait()
        self._end()

    def _end(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL if self.how == "kill" else signal.SIGSTOP)
