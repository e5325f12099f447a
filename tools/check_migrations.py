"""Run every service's migrations up, the newest down, and up again, on an empty database."""

import sys
import tempfile
from pathlib import Path

import asyncpg

from common.migrations import downgrade, upgrade
from devstack.servers.postgres import THROW_AWAY, EmbeddedPostgres, Server
from devstack.testing.threads import run_in_thread

SERVICES = ("identity", "interactions", "sla")
ROOT = Path(__file__).parents[1]


def main() -> int:
    with (
        tempfile.TemporaryDirectory() as directory,
        EmbeddedPostgres(Path(directory), settings=THROW_AWAY) as server,
    ):
        for service in SERVICES:
            _there_and_back(service, server)
            print(f"{service}: up, down, up")
    return 0


def _there_and_back(service: str, server: Server) -> None:
    async def create() -> None:
        connection = await asyncpg.connect(server.admin_dsn)
        await connection.execute(f"CREATE DATABASE {service}")
        await connection.close()

    run_in_thread(create)
    folder, dsn = ROOT / "services" / service / "migrations", server.dsn(service)
    upgrade(folder, dsn)
    downgrade(folder, dsn, revision="-1")
    upgrade(folder, dsn)


if __name__ == "__main__":
    sys.exit(main())
