"""A key for several services is made in one and handed to the others."""

import asyncio

from typer.testing import CliRunner

from common.web.auth import list_keys
from devstack.testing.postgres import FreshDsn
from identity.__main__ import main
from services.identity.tests.running import running


async def keys(dsn: str, *words: str, given: str | None = None) -> str:
    environment = {
        "IDENTITY_POSTGRES__DSN": dsn,
        "IDENTITY_KAFKA__BOOTSTRAP": "127.0.0.1:9",
        "IDENTITY_AUTH__PEPPER": "p" * 32,
        "IDENTITY_HTTP__CURSOR_SECRET": "c" * 32,
    }
    invoke = CliRunner().invoke
    answer = await asyncio.to_thread(invoke, main, ["keys", *words], input=given, env=environment)
    assert answer.exit_code == 0, answer.output
    return answer.stdout


async def test_a_key_that_is_piped_in_is_the_key_that_was_made(fresh_dsn: FreshDsn):
    first, other = fresh_dsn("identity"), fresh_dsn("identity")
    made = await keys(first, "create", "--tenant", "demo", "front end")
    said = await keys(other, "import", "--tenant", "demo", "front end", given=made)
    assert made.strip() not in said
    found = []
    for dsn in (first, other):
        async with running(dsn) as service:
            found += await service.database.read(list_keys)
    assert found[0].key_id == found[1].key_id
    assert found[0].digest == found[1].digest
    assert found[0].key_id in made
