"""Looks behind the API: at rows, and at records as they stand on the broker.

A script as well, so that it can be run where the servers can be reached, in a container of the
stack: ``python probe.py rows|headers ARGUMENTS``, the arguments as a JSON array.
"""

import asyncio
import json
import sys
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer


async def rows(dsn: str, statement: str, *values: Any) -> list[dict[str, Any]]:
    """Return what a statement finds in a service's database."""
    connection = await asyncpg.connect(dsn)
    try:
        return [dict(row) for row in await connection.fetch(statement, *values)]
    finally:
        await connection.close()


async def headers(bootstrap: str, topic: str, key: str) -> list[dict[str, str]]:
    """Return the headers of all records of a topic that have this key."""
    reader = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await reader.start()
    try:
        parts = list(reader.assignment())
        ends = await reader.end_offsets(parts)
        found = []
        while any([await reader.position(part) < ends[part] for part in parts]):
            for records in (await reader.getmany(timeout_ms=200)).values():
                found += [record for record in records if record.key == key.encode()]
    finally:
        await reader.stop()
    return [{name: value.decode() for name, value in record.headers} for record in found]


if __name__ == "__main__":
    kinds: dict[str, Any] = {"rows": rows, "headers": headers}
    found = asyncio.run(kinds[sys.argv[1]](*json.loads(sys.argv[2])))
    json.dump(found, sys.stdout, default=str)
