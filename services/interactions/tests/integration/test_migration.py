"""The migrations build what the code expects, and can be taken back."""

import asyncpg


async def test_the_growing_tables_are_partitioned(fresh_dsn):
    connection = await asyncpg.connect(fresh_dsn("interactions"))
    try:
        rows = await connection.fetch(
            "SELECT inhparent::regclass::text AS parent, count(*) AS parts"
            " FROM pg_inherits JOIN pg_partitioned_table ON partrelid = inhparent GROUP BY 1"
        )
    finally:
        await connection.close()
    parts = {row["parent"]: row["parts"] for row in rows}
    assert parts["interaction"] == 16
    assert parts["provider_message"] == 16
    assert parts["raw_delivery"] > 7
