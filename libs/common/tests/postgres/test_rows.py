"""Batches as one JSON parameter, on a real Postgres."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from common.db import Columns, ReadConnection, Transaction, bytea_text
from common.jsons import Encoded
from devstack.testing.postgres import FreshDsn
from libs.common.tests.plumbing import database, scalar

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
BOOK = UUID("01936a52-7f31-7c0e-8a55-3b1f0f6f2a10")
EVERY_TYPE = Columns(
    {
        "id": "uuid",
        "title": "text",
        "pages": "bigint",
        "tags": "text[]",
        "extra": "jsonb",
        "at": "timestamptz",
        "lent": "boolean",
        "cover": "bytea",
    }
)
SHELF = Columns({"place": "int", "title": "text"})
SAVE = SHELF.upsert("shelf", "rows", key=("library", "place"), shared=("library",))


async def make_shelf(tx: Transaction) -> None:
    await tx.execute(
        text(
            "CREATE TABLE shelf (library text, place int, title text, PRIMARY KEY (library, place))"
        )
    )


async def save(tx: Transaction, library: str, titles: dict[int, str]) -> None:
    rows = [{"place": place, "title": title} for place, title in titles.items()]
    await tx.execute(text(SAVE), {"library": library, "rows": SHELF.values(rows)})


async def read(connection: ReadConnection, columns: Columns, rows: str) -> list[tuple]:
    result = await connection.execute(text(columns.select("rows")), {"rows": rows})
    return [tuple(row) for row in result]


async def test_values_of_every_type_arrive_as_they_are(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    full = {
        "id": BOOK,
        "title": "Łódź, \"a\" 'b' \\ :c",
        "pages": 2**60,
        "tags": ("x", "a,b", ""),
        "extra": Encoded('{"a": [1, null]}'),
        "at": NOON,
        "lent": True,
        "cover": bytea_text(b"\x00\xff"),
    }
    empty = dict.fromkeys(full)
    kept, nulls = await db.read(read, EVERY_TYPE, EVERY_TYPE.values([full, empty]))
    assert kept[:4] == (BOOK, full["title"], 2**60, ["x", "a,b", ""])
    assert kept[4] == {"a": [1, None]}
    assert kept[5:] == (NOON, True, b"\x00\xff")
    assert set(nulls) == {None}
    assert await db.read(read, EVERY_TYPE, EVERY_TYPE.values([])) == []
    await db.close()


async def test_rows_keep_their_order(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    rows = [(3, "c"), (1, "a"), (2, "b")]
    values = SHELF.values([{"place": place, "title": title} for place, title in rows])
    assert await db.read(read, SHELF, values) == rows
    await db.close()


async def test_an_upsert_inserts_new_rows_and_overwrites_existing_ones(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    await db.run(make_shelf)
    await db.run(save, "east", {2: "old", 1: "old"})
    await db.run(save, "west", {1: "west"})
    await db.run(save, "east", {3: "new", 2: "new"})
    titles = await db.read(scalar, "SELECT string_agg(library || place || title, ' ') FROM shelf")
    assert sorted(str(titles).split()) == ["east1old", "east2new", "east3new", "west1west"]
    await db.close()


def test_rows_without_one_of_the_columns_are_refused():
    with pytest.raises(KeyError, match="title"):
        SHELF.values([{"place": 1, "tilte": "misspelt"}])


def test_names_can_carry_the_alias_of_a_table():
    assert SHELF.of("s") == "s.place, s.title"
