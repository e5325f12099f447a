"""The test support is itself what tests stand on, so it is tested."""

import re
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from fastapi import FastAPI, Request

from devstack.testing.http import http_client
from devstack.testing.postgres import FreshDsn
from devstack.testing.wait import until


async def test_each_test_gets_a_database_of_its_own(fresh_dsn: FreshDsn):
    first, second = fresh_dsn("common"), fresh_dsn("common")
    connection = await asyncpg.connect(first)
    await connection.execute("CREATE TABLE only_here ()")
    await connection.close()
    connection = await asyncpg.connect(second)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    names = {row["tablename"] for row in tables}
    assert "outbox" in names
    assert "only_here" not in names


def test_no_test_uses_mocks():
    root = Path(__file__).parents[3]
    folders = [root / "tests", *root.glob("libs/*/tests"), *root.glob("services/*/tests")]
    files = [file for folder in folders for file in folder.rglob("*.py")]
    imports = re.compile(r"^\s*(from unittest|import unittest|import mock|from mock)", re.MULTILINE)
    assert len(files) > 100
    assert [file.name for file in files if imports.search(file.read_text())] == []


@pytest.mark.kafka
async def test_a_topic_has_the_partitions_asked_for(new_topic: Callable[..., Awaitable[str]]):
    assert (await new_topic(partitions=3)).startswith("test-")


async def test_the_client_runs_the_lifespan_and_passes_its_state():
    @asynccontextmanager
    async def lifespan(_: FastAPI):
        yield {"word": "here"}
        ended.append(True)

    ended: list[bool] = []
    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    async def word(request: Request) -> str:
        return str(request.state.word)

    async with http_client(app) as client:
        assert (await client.get("/")).json() == "here"
    assert ended


async def test_waiting_in_vain_fails_with_the_last_value():
    with pytest.raises(AssertionError, match="last value: 0"):
        await until(lambda: 0, within=0.02)
