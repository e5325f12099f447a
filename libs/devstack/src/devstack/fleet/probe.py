"""Looks behind the API: at rows in databases and at records on the broker.

Also a script, so that it can run in a container of the stack, from which the servers can be
reached: ``python probe.py rows|headers ARGUMENTS``, with the arguments as a JSON array.
"""

import asyncio
import json
import os
import sys
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer


async def rows(dsn: str, statement: str, *values: Any) -> list[dict[str, Any]]:
    """Run a statement on a database; return its rows."""
    connection = await asyncpg.connect(dsn)
    try:
        return [dict(row) for row in await connection.fetch(statement, *values)]
    finally:
        await connection.close()


async def headers(bootstrap: str, topic: str, key: str) -> list[dict[str, str]]:
    """Return the headers of all records with this key; ``READER_PASSWORD`` is that of `reader`."""
    reader = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", **_credentials()
    )
    await reader.start()
    try:
        partitions = list(reader.assignment())
        ends = await reader.end_offsets(partitions)
        matching = []
        while any([await reader.position(each) < ends[each] for each in partitions]):
            for records in (await reader.getmany(timeout_ms=200)).values():
                matching += [record for record in records if record.key == key.encode()]
    finally:
        await reader.stop()
    return [{name: value.decode() for name, value in record.headers} for record in matching]


def _credentials() -> dict[str, Any]:
    password = os.environ.get("READER_PASSWORD")
    if password is None:
        return {}
    return {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "reader",
        "sasl_plain_password": password,
    }


if __name__ == "__main__":
    kinds: dict[str, Any] = {"rows": rows, "headers": headers}
    result = asyncio.run(kinds[sys.argv[1]](*json.loads(sys.argv[2])))
    json.dump(result, sys.stdout, default=str)
