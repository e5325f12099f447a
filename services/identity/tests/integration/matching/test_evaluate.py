"""``python -m identity evaluate`` runs the whole pipeline, and finds who is who."""

import asyncio
import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from common.errors import UnavailableError
from common.jsons import loads
from devstack.testing.postgres import FreshDsn, connected
from devstack.testing.services import RECEIPT_KEY
from identity.__main__ import main
from services.identity.tests.people import Person, census, contacts

OF_TENANTS = """
    SELECT table_name FROM information_schema.columns
    WHERE column_name = 'tenant_id' AND table_schema = 'public'
"""


def write(path: Path, people: Sequence[Person], names: dict[str, str] | None = None) -> Path:
    """Write the records in a fixed order in which those of a person are far apart."""
    rows = [
        {**record, "person": str(person.id), "home": str(person.household)}
        for turn in range(4)
        for person in people
        for record in person.records[turn : turn + 1]
    ]
    columns = sorted({name for row in rows for name in row})
    renamed = names or {}
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [renamed.get(name, name) for name in columns])
        writer.writeheader()
        writer.writerows(
            {renamed.get(name, name): row.get(name, "") for name in columns} for row in rows
        )
    return path


async def evaluate(dsn: str, *words: str, **more: str) -> Result:
    environment = {
        "IDENTITY_POSTGRES__DSN": dsn,
        "IDENTITY_KAFKA__BOOTSTRAP": "127.0.0.1:9",
        "IDENTITY_AUTH__PEPPER": "p" * 32,
        "IDENTITY_HTTP__CURSOR_SECRET": "c" * 32,
        "IDENTITY_PRIVACY__DENY_SECRET": "d" * 32,
        "IDENTITY_PRIVACY__RECEIPT_KEY": RECEIPT_KEY,
        **more,
    }
    return await asyncio.to_thread(CliRunner().invoke, main, ["evaluate", *words], env=environment)


async def report(dsn: str, *words: str, **more: str) -> dict[str, Any]:
    result = await evaluate(dsn, *words, **more)
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = loads(result.stdout.splitlines()[-1])
    return answer


@pytest.mark.parametrize("seed", [11, 12])
async def test_households_and_nicknames(fresh_dsn: FreshDsn, tmp_path: Path, seed: int):
    records = write(tmp_path / "census.csv", census(1_200, seed=seed))
    found = await report(
        fresh_dsn("identity"), "--records", str(records), "--truth", "person", "--household", "home"
    )
    assert found["f1"] >= 0.93
    assert found["precision"] >= 0.97
    assert found["false_pairs_within_households"] <= 0.02 * found["found_pairs"]
    assert found["largest_cluster"] <= 4


@pytest.mark.parametrize("seed", [21, 22])
async def test_contacts_with_noisy_addresses_and_numbers(
    fresh_dsn: FreshDsn, tmp_path: Path, seed: int
):
    records = write(tmp_path / "contacts.csv", contacts(800, seed=seed))
    found = await report(fresh_dsn("identity"), "--records", str(records), "--truth", "person")
    assert found["f1"] >= 0.9
    assert found["precision"] >= 0.97
    assert found["records_per_second"] > 0


async def test_columns_are_mapped_and_customers_written(fresh_dsn: FreshDsn, tmp_path: Path):
    names = {"given_name": "vorname", "surname": "nachname", "birth_date": "geboren"}
    people = census(200, seed=31)
    records = write(tmp_path / "census.csv", people, names)
    out = tmp_path / "customers.csv"
    maps = [word for name, column in names.items() for word in ("--map", f"{name}={column}")]
    dsn = fresh_dsn("identity")
    found = await report(
        dsn, "--records", str(records), "--truth", "person", *maps, "--out", str(out)
    )
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == found["records"] == sum(len(person.records) for person in people)
    assert len({row["customer_id"] for row in rows}) == found["customers"] < len(rows)
    assert found["recall"] >= 0.8


async def test_a_batch_that_fails_ends_the_command_with_its_reason(
    fresh_dsn: FreshDsn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def fail(*_: object, **__: object) -> None:
        raise UnavailableError("the database is away")

    monkeypatch.setattr("identity.commands.resolve_identities", fail)
    records = write(tmp_path / "r.csv", census(1_200, seed=1))
    result = await evaluate(fresh_dsn("identity"), "--records", str(records))
    assert result.exit_code == 1
    assert "the database is away" in result.stderr.splitlines()


async def test_the_scratch_tenant_is_deleted(
    fresh_dsn: FreshDsn, as_owner: Callable[[str], str], tmp_path: Path
):
    dsn = fresh_dsn("identity")
    records = write(tmp_path / "r.csv", census(60, seed=1))
    await report(dsn, "--records", str(records), IDENTITY_POSTGRES__OWNER_DSN=as_owner(dsn))
    async with connected(dsn) as connection:
        tables = [row["table_name"] for row in await connection.fetch(OF_TENANTS)]
        assert {"customer", "link", "match_candidate", "outbox"} <= set(tables)
        for table in tables:
            left = await connection.fetchval(
                f"SELECT count(*) FROM {table} WHERE tenant_id LIKE 'evaluate-%'"
            )
            assert left == 0, table


async def test_a_scratch_tenant_that_stays_is_named(fresh_dsn: FreshDsn, tmp_path: Path):
    records = write(tmp_path / "r.csv", census(5, seed=1))
    result = await evaluate(fresh_dsn("identity"), "--records", str(records))
    assert "set IDENTITY_POSTGRES__OWNER_DSN to have it deleted" in result.stderr


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (["--truth", "nobody"], "there is no column nobody"),
        (["--map", "given_name"], "must be FIELD=COLUMN"),
        (["--map", "given_name=nothing"], "there is no column nothing"),
    ],
)
async def test_what_is_wrong_is_said(
    fresh_dsn: FreshDsn, tmp_path: Path, words: list[str], wrong: str
):
    records = write(tmp_path / "r.csv", census(2, seed=1))
    result = await evaluate(fresh_dsn("identity"), "--records", str(records), *words)
    assert result.exit_code == 2
    assert wrong in " ".join(result.stderr.replace("│", " ").split())


async def test_a_file_without_records_is_refused(fresh_dsn: FreshDsn, tmp_path: Path):
    empty = tmp_path / "empty.csv"
    empty.write_text("given_name\n")
    result = await evaluate(fresh_dsn("identity"), "--records", str(empty))
    assert result.exit_code == 2
    assert "has no records" in " ".join(result.stderr.replace("│", " ").split())
