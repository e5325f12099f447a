"""An operator's command: how good is matching on records of which the truth is known?"""

import asyncio
import csv
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from pydantic import SecretStr

from common.cli import with_service
from common.db import Database
from common.ids import new_id
from common.jsons import dumps_text
from common.runtime import spare_garbage_collection
from common.service import Service
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.denials import DenyKeys
from identity.customers.domain.identifiers import Level, PresentedIdentifier
from identity.matching.domain.profiles import read_profile
from identity.matching.domain.quality import largest, measure
from identity.matching.store.candidates import list_canonical
from identity.matching.store.scratch import delete_tenant
from identity.matching.store.tenants import mark_held
from identity.matching.timers.match_changed import MatchChanged
from identity.matching.usecases.read_profiles import ReadProfiles, read_profiles
from identity.registry.domain.tenant_rules import TenantRules
from identity.resolution.domain.answers import Resolution
from identity.resolution.domain.requests import ResolutionRequest
from identity.resolution.usecases.resolve_identities import (
    ResolveIdentities,
    prepare_requests,
    resolve_identities,
)
from identity.settings import IdentitySettings
from identity.wiring import build

BATCH = 1_000
RESOLVED_AT_A_TIME = 2
"""Batches: Postgres works for one while Python works for another."""
RECORD = "record"
"""The type of the identifier that each record has to itself."""
Row = Mapping[str, str]

Records = Annotated[Path, typer.Option(help="A CSV file with a header; one record a line.")]
Truth = Annotated[
    str | None, typer.Option(help="The column that tells which records are one person.")
]
Household = Annotated[
    str | None,
    typer.Option(help="The column of the household; by default, equal surname and address."),
]
Mapped = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="FIELD=COLUMN",
        help="The attribute that a column is, such as given_name=fname. A column whose name is an"
        " attribute's needs none; one whose name ends in id counts only if it is mapped.",
    ),
]
Out = Annotated[
    Path | None, typer.Option(help="A CSV file to write: the records, each with its customer.")
]


@dataclass(frozen=True, slots=True)
class Clusters:
    """The customer of each record, and how long it took to find them."""

    customer_ids: Sequence[UUID | None]
    seconds: float


def evaluate(
    records: Records,
    truth: Truth = None,
    household: Household = None,
    mapped: Mapped = None,
    out: Out = None,
) -> None:
    """Resolve and match records in a scratch tenant; print as JSON how good the result is."""
    rows = _read(records)
    columns = _columns(rows, mapped or (), [name for name in (truth, household) if name])
    items = [_attributes(row, columns) for row in rows]
    tenant_id = f"evaluate-{new_id()}"

    async def work(service: Service) -> Clusters:
        return await _cluster(service, tenant_id, items)

    found = with_service(lambda: build(IdentitySettings()), work)
    if out is not None:
        _write(out, rows, found.customer_ids)
    # A record of nobody is a customer of its own.
    clusters = [each or number for number, each in enumerate(found.customer_ids)]
    report: dict[str, Any] = {
        "records": len(rows),
        "customers": len(set(clusters)),
        "largest_cluster": largest(clusters),
        "seconds": round(found.seconds, 3),
        "records_per_second": round(len(rows) / found.seconds, 1),
    }
    if truth is not None:
        homes = [row[household] or None for row in rows] if household else _homes(items)
        report |= asdict(measure(clusters, [row[truth] for row in rows], homes))
    typer.echo(dumps_text(report))


async def _cluster(
    service: Service, tenant_id: str, items: Sequence[Mapping[str, str]]
) -> Clusters:
    settings = service.settings
    if not isinstance(settings, IdentitySettings):
        raise TypeError("the settings must be IdentitySettings")
    rules = settings.rules
    limits = CustomerLimits(rules.max_identifiers, rules.max_attributes)
    deny_keys = DenyKeys([settings.privacy.deny_secret.get_secret_value()])
    await service.database.run(mark_held, tenant_id)
    spare_garbage_collection()
    try:
        began = time.perf_counter()
        ids = await _resolve(service, tenant_id, items, limits, deny_keys)
        work = MatchChanged(service.database, limits, clock=service.clock, tenant_id=tenant_id)
        while await work():
            pass
        seconds = time.perf_counter() - began
        present = [each for each in ids if each is not None]
        canonical = await service.database.run(list_canonical, tenant_id, present)
        return Clusters([each and canonical[each] for each in ids], seconds)
    finally:
        await _clean_up(service, tenant_id)


async def _clean_up(service: Service, tenant_id: str) -> None:
    """Delete the scratch tenant, as the role that owns the tables if the settings name it."""
    postgres = service.settings.postgres
    dsn = SecretStr(postgres.migration_dsn)
    owner = Database(postgres.model_copy(update={"dsn": dsn}), service=service.name)
    try:
        if not await owner.run(delete_tenant, tenant_id):
            typer.echo(
                f"The tenant {tenant_id} was left in the database: set IDENTITY_POSTGRES__OWNER_DSN"
                " to have it deleted.",
                err=True,
            )
    finally:
        await owner.close()


async def _resolve(
    service: Service,
    tenant_id: str,
    items: Sequence[Mapping[str, str]],
    limits: CustomerLimits,
    deny_keys: DenyKeys,
) -> list[UUID | None]:
    """Return the customer of each record, each with an identifier of its own.

    Two batches are resolved at a time, and the job reads others beside them, as in a service.
    """
    rules = TenantRules.by_default(limits)
    places, reading = asyncio.Semaphore(RESOLVED_AT_A_TIME), asyncio.Lock()

    async def resolve(start: int) -> list[UUID | None]:
        async with places:
            now = service.clock.now()
            requests = [
                ResolutionRequest(
                    identifiers=(
                        PresentedIdentifier(RECORD, f"{number}.csv", None, Level.CHANNEL_PROVED),
                    ),
                    attributes=attributes,
                    create=True,
                    observed_at=now,
                )
                for number, attributes in enumerate(items[start : start + BATCH], start)
            ]
            prepared = await prepare_requests(requests, now=now)
            command = ResolveIdentities(tenant_id, prepared, rules, deny_keys)
            results = await service.database.run(resolve_identities, command, now=now)
        async with reading:
            await service.database.run(read_profiles, ReadProfiles(BATCH, tenant_id), now=now)
        return [
            result.customer_id if isinstance(result, Resolution) else None for result in results
        ]

    try:
        async with asyncio.TaskGroup() as batches:
            tasks = [batches.create_task(resolve(start)) for start in range(0, len(items), BATCH)]
    except ExceptionGroup as failed:  # The command tells of one error, whichever batch had it.
        raise failed.exceptions[0] from None
    return [customer_id for task in tasks for customer_id in task.result()]


def _read(path: Path) -> list[Row]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows: list[Row] = [
                {name: value or "" for name, value in row.items() if name is not None}
                for row in csv.DictReader(file)
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "it is no CSV file in UTF-8"
        raise typer.BadParameter(f"cannot read {path}: {reason}") from None
    if not rows:
        raise typer.BadParameter(f"{path} has no records; it needs a header and a line for each")
    return rows


def _columns(rows: Sequence[Row], mapped: Sequence[str], apart: Sequence[str]) -> dict[str, str]:
    """Return the attribute that each column is, without those that give the answer away."""
    fields: dict[str, str] = {}
    for each in mapped:
        field, equals, column = each.partition("=")
        if not (field and equals and column):
            raise typer.BadParameter(f"--map {each} must be FIELD=COLUMN, as in given_name=fname")
        fields[column] = field
    header = rows[0].keys()
    for column in (*fields, *apart):
        if column not in header:
            raise typer.BadParameter(
                f"there is no column {column}; the file has {', '.join(header)}"
            )
    own = {
        column: column
        for column in header
        if column not in apart and not column.casefold().endswith("id")
    }
    return own | fields


def _attributes(row: Row, columns: Mapping[str, str]) -> dict[str, str]:
    return {field: row[column] for column, field in columns.items() if row[column].strip()}


def _homes(items: Sequence[Mapping[str, str]]) -> list[tuple[str, ...] | None]:
    """Return surname and address of each record, None where a part is missing."""
    homes: list[tuple[str, ...] | None] = []
    for attributes in items:
        profile = read_profile(attributes)
        home = (profile.surname, profile.number, profile.street)
        homes.append(home if all(home) else None)
    return homes


def _write(path: Path, rows: Sequence[Row], customer_ids: Sequence[UUID | None]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*rows[0], "customer_id"])
        writer.writeheader()
        writer.writerows(
            {**row, "customer_id": customer_id or ""}
            for row, customer_id in zip(rows, customer_ids, strict=True)
        )
