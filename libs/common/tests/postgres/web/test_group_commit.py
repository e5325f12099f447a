"""Single writes that come at once share a transaction, and nothing else."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db import Database, Transaction, wall_time
from common.errors import ConflictError, InvalidError, ServiceError, UnavailableError
from common.web.writes import GroupCommit
from common.web.writes.idempotency import KeyedRequest
from common.web.writes.transaction import Write, Written
from devstack.testing.fake_clock import FakeClock
from devstack.testing.postgres import FreshDsn
from devstack.testing.wait import until
from libs.common.tests.plumbing import database, scalar

TABLES = """
CREATE TABLE note (id serial PRIMARY KEY, tenant text, body text NOT NULL, number int,
                   xid xid8 NOT NULL DEFAULT pg_current_xact_id());
CREATE TABLE lamp (name text PRIMARY KEY);
INSERT INTO lamp VALUES ('lit')
"""


@dataclass(frozen=True)
class TakeNotes:
    tenant_id: str
    bodies: Sequence[str]


async def take_notes(
    tx: Transaction, command: TakeNotes, *, now: datetime
) -> list[int | ServiceError]:
    """Write each note. ``refused`` is refused; ``poison`` and ``lamp`` concern the database."""
    assert now.tzinfo is not None
    if "lamp" in command.bodies:
        await tx.execute(text("UPDATE lamp SET name = name"))
    answers: list[int | ServiceError] = []
    for body in command.bodies:
        if body == "refused":
            answers.append(ConflictError("not now"))
            continue
        written = await tx.execute(
            text(
                "INSERT INTO note (tenant, body, number)"
                " VALUES (:tenant, :body, 1 / (:body <> 'poison')::int) RETURNING id"
            ),
            {"tenant": command.tenant_id, "body": body},
        )
        answers.append(written.scalar_one())
    return answers


class WallClock(FakeClock):
    def now(self) -> datetime:
        return wall_time()


@dataclass
class Desk:
    """Where notes are taken, a group at a time."""

    db: Database
    group: GroupCommit[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.group = GroupCommit(self.db, WallClock(), take_notes, TakeNotes, names=lambda _: ())

    def add(
        self, body: str, *, tenant: str = "demo", key: str | None = None
    ) -> asyncio.Future[Written]:
        keyed = None
        if key is not None:
            keyed = KeyedRequest(tenant, "key:1", "POST /notes", key, body.encode())
        return self.group.add(tenant, Write(body, keyed, _answer))

    async def rows(self, columns: str = "body") -> list[Any]:
        async def query(connection: AsyncConnection) -> list[Any]:
            return list(await connection.execute(text(f"SELECT {columns} FROM note ORDER BY id")))

        return await self.db.read(query)


def _answer(number: int) -> tuple[int, int]:
    return 201, number


@pytest.fixture
async def desk(fresh_dsn: FreshDsn) -> AsyncIterator[Desk]:
    db = database(fresh_dsn("common"), pool_size=10)

    async def make(tx: AsyncConnection) -> None:
        for statement in TABLES.split(";"):
            await tx.execute(text(statement))

    await db.run(make)
    yield Desk(db)
    await db.close()


async def test_two_hundred_at_once_are_two_hundred_writes_in_few_transactions(desk: Desk):
    answers = await asyncio.gather(*(desk.add(f"note {n}") for n in range(200)))
    rows = await desk.rows("id, body, xid")
    assert {row.body for row in rows} == {f"note {n}" for n in range(200)}
    numbers = {f"note {n}": answer.rendered.body for n, answer in enumerate(answers)}
    assert all(numbers[row.body] == b"%d" % row.id for row in rows)
    assert len({row.xid for row in rows}) < 20


async def test_a_lone_write_waits_for_nobody(desk: Desk):
    assert (await desk.add("alone")).rendered.body == b"1"


async def test_tenants_never_share_a_transaction(desk: Desk):
    names = [f"tenant {n % 7}" for n in range(100)]
    await asyncio.gather(*(desk.add("note", tenant=name) for name in names))
    rows = await desk.rows("tenant, xid")
    assert Counter(row.tenant for row in rows) == Counter(names)
    assert len({(row.tenant, row.xid) for row in rows}) == len({row.xid for row in rows})


async def test_a_poison_and_a_refusal_spoil_only_themselves(desk: Desk):
    bodies = [f"note {n}" for n in range(60)]
    bodies[17], bodies[41] = "poison", "refused"
    answers = await asyncio.gather(*map(desk.add, bodies), return_exceptions=True)
    failed = {bodies[n]: a for n, a in enumerate(answers) if isinstance(a, BaseException)}
    assert set(failed) == {"poison", "refused"}
    assert not isinstance(failed["poison"], UnavailableError)
    assert isinstance(failed["refused"], ConflictError)
    written = Counter(row.body for row in await desk.rows())
    assert written == Counter(set(bodies) - {"poison", "refused"})


async def test_a_key_given_twenty_times_at_once_is_one_write_and_one_answer(desk: Desk):
    answers = await asyncio.gather(
        *(desk.add("once", key="k") for _ in range(20)), *(desk.add(f"{n}") for n in range(20))
    )
    repeats = answers[:20]
    assert len({answer.rendered.body for answer in repeats}) == 1
    assert Counter(answer.repeated for answer in repeats) == {True: 19, False: 1}
    assert Counter(row.body for row in await desk.rows())["once"] == 1


async def test_a_key_given_for_two_requests_at_once_counts_for_one(desk: Desk):
    answers = await asyncio.gather(
        desk.add("first", key="k"), desk.add("second", key="k"), return_exceptions=True
    )
    assert isinstance(answers[0], Written)
    assert isinstance(answers[1], InvalidError)
    assert [row.body for row in await desk.rows()] == ["first"]


async def test_a_key_whose_write_failed_is_free_again(desk: Desk):
    for body in ("refused", "poison"):
        answers = await asyncio.gather(
            desk.add(body, key=body), desk.add("beside", key=f"{body}+"), return_exceptions=True
        )
        assert isinstance(answers[0], Exception)
    assert await desk.db.read(scalar, "SELECT count(*) FROM idempotency") == 2
    assert not (await desk.add("now it works", key="refused")).repeated


async def test_two_processes_that_get_the_same_keys_write_once(desk: Desk):
    other = Desk(desk.db)
    answers = await asyncio.gather(
        *(desk.add("once", key=f"k{n}") for n in range(50)),
        *(other.add("once", key=f"k{n}") for n in range(50)),
        return_exceptions=True,
    )
    assert len(await desk.rows()) == 50
    assert {type(answer) for answer in answers} <= {Written, ConflictError}
    assert sum(isinstance(a, Written) and not a.repeated for a in answers) == 50


async def test_a_lock_that_somebody_holds_stalls_only_who_needs_it(desk: Desk):
    held, release = asyncio.Event(), asyncio.Event()

    async def hold(tx: AsyncConnection) -> None:
        await tx.execute(text("UPDATE lamp SET name = name"))
        held.set()
        await release.wait()

    holding = asyncio.create_task(desk.db.run(hold))
    await held.wait()
    stalled = desk.add("lamp")
    others = [desk.add(f"note {n}") for n in range(30)]
    await asyncio.gather(*others)
    await desk.add("later")
    assert not stalled.done()
    release.set()
    await asyncio.gather(holding, stalled)
    assert len(await desk.rows()) == 32


async def test_a_write_goes_on_when_whoever_asked_has_gone(desk: Desk):
    async def ask() -> None:
        await asyncio.wait({desk.add("left behind")})

    asking = asyncio.create_task(ask())
    await asyncio.sleep(0)
    asking.cancel()
    await until(desk.rows)


async def test_what_is_given_up_before_its_turn_is_not_written(desk: Desk):
    first = desk.add("first")
    await asyncio.sleep(0)
    given_up, last = desk.add("given up"), desk.add("last")
    given_up.cancel()
    await asyncio.gather(first, last)
    assert [row.body for row in await desk.rows()] == ["first", "last"]


async def test_a_database_that_is_away_is_told_to_everybody(desk: Desk):
    away = Desk(database("postgresql://nobody@127.0.0.1:1/none"))
    answers = await asyncio.gather(*(away.add(f"{n}") for n in range(20)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {UnavailableError}
    await away.db.close()


async def test_a_lost_commit_leaves_all_or_nothing_of_a_group(desk: Desk):
    async def kill(connection: AsyncConnection) -> None:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND state <> 'idle' AND backend_type = 'client backend'"
            )
        )

    answers = [desk.add(f"note {n}") for n in range(400)]
    await until(desk.rows)
    await desk.db.run(kill)
    results = await asyncio.gather(*answers, return_exceptions=True)
    told = {n for n, result in enumerate(results) if isinstance(result, Written)}
    written = {int(row.body.split()[1]) for row in await desk.rows()}
    assert told <= written
    groups = Counter(row.xid for row in await desk.rows("xid"))
    assert set(groups.values()) == {100}
