"""A key for several services is created in one and imported by the others."""

import asyncio

from typer.testing import CliRunner

from common.web.auth import list_keys
from devstack.testing.postgres import FreshDsn
from devstack.testing.services import RECEIPT_KEY
from identity.__main__ import main
from services.identity.tests.harness import running


async def keys(dsn: str, *words: str, stdin: str | None = None) -> str:
    environment = {
        "IDENTITY_POSTGRES__DSN": dsn,
        "IDENTITY_KAFKA__BOOTSTRAP": "127.0.0.1:9",
        "IDENTITY_AUTH__PEPPER": "p" * 32,
        "IDENTITY_HTTP__CURSOR_SECRET": "c" * 32,
        "IDENTITY_PRIVACY__DENY_SECRET": "d" * 32,
        "IDENTITY_PRIVACY__RECEIPT_KEY": RECEIPT_KEY,
    }
    invoke = CliRunner().invoke
    result = await asyncio.to_thread(invoke, main, ["keys", *words], input=stdin, env=environment)
    assert result.exit_code == 0, result.output
    return result.stdout


async def test_an_imported_key_equals_the_created_one(fresh_dsn: FreshDsn):
    first, other = fresh_dsn("identity"), fresh_dsn("identity")
    made = await keys(first, "create", "--tenant", "demo", "front end")
    printed = await keys(other, "import", "--tenant", "demo", "front end", stdin=made)
    assert made.strip() not in printed
    rows = []
    for dsn in (first, other):
        async with running(dsn) as service:
            rows += await service.database.read(list_keys)
    assert rows[0].key_id == rows[1].key_id
    assert rows[0].digest == rows[1].digest
    assert rows[0].key_id in made
