"""Reads, counts and deletes everything that identity holds about one person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection, Transaction
from common.erasing import Erasure, Progress, Step
from identifiers import IdentifierKey
from identity.privacy.domain.images import keys_of_images, spellings_of_images
from identity.privacy.store.evidence import (
    key_columns,
    list_of_others,
    list_unowned_next_to,
    mark_shared,
)
from identity.privacy.store.merge_logs import Traces, delete_merges, list_own_merges
from identity.privacy.store.places import KEYS, PLACES
from identity.resolution.domain.graph.persons import BIRTH_DATE_NAMES, Said, birth_dates_of

PAGE = 2_000

_MEMBERS = text(
    """
    SELECT id, version FROM customer
    WHERE tenant_id = :tenant_id AND id = ANY (cast(:ids AS uuid[]))
    ORDER BY id
    """
)
_OWN = "tenant_id = :tenant_id AND customer_id = ANY (cast(:ids AS uuid[]))"
_IDENTIFIERS = text(
    f"""
    SELECT type, scope, value, raw, birth_dates FROM identifier WHERE {_OWN}
    UNION ALL SELECT type, scope, value, raw, birth_dates FROM quarantine WHERE {_OWN}
    UNION ALL SELECT type, scope, value, raw, '{{}}' FROM key_conflict WHERE {_OWN}
    UNION ALL SELECT type, scope, value, raw, '{{}}' FROM claim WHERE {_OWN}
    """
)
_BIRTH_DATES = text(
    f"SELECT name, value FROM attribute_observation WHERE {_OWN} AND name = ANY (:names)"
)
_COUNT_OBSERVATIONS = text(f"SELECT count(*) FROM attribute_observation WHERE {_OWN}")
_COUNT_MEMBERSHIPS = text(f"SELECT count(*) FROM group_member WHERE {_OWN}")
_COUNT_POINTS = text(
    f"SELECT count(*) FROM {KEYS} JOIN group_contact_point AS point USING (type, scope, value)"
    " WHERE point.tenant_id = :tenant_id"
)
_DELETE_OBSERVATIONS = text(
    f"""
    WITH page AS MATERIALIZED (
        SELECT tenant_id, customer_id, name, observed_at, digest FROM attribute_observation
        WHERE {_OWN}
        LIMIT :rows
    )
    DELETE FROM attribute_observation AS gone USING page
    WHERE gone.tenant_id = page.tenant_id AND gone.customer_id = page.customer_id
      AND gone.name = page.name AND gone.observed_at = page.observed_at
      AND gone.digest = page.digest
    """
)


@dataclass(frozen=True, slots=True)
class Person:
    """What identity knows of somebody: versions by id, identifiers, spellings, merges."""

    versions: dict[UUID, int]
    keys: frozenset[IdentifierKey]
    """Those that are nobody else's too."""
    values: frozenset[str]
    """Every form in which an identifier may stand somewhere."""
    birth_dates: frozenset[str]
    """In ISO 8601."""
    merges: int
    """How many merges the person took part in."""

    def traces(self, ids: Sequence[UUID]) -> Traces:
        return Traces(ids, self.keys, self.birth_dates)


async def find_person(connection: ReadConnection, tenant_id: str, ids: Sequence[UUID]) -> Person:
    """Return what is known of the person with these ids."""
    asked = {"tenant_id": tenant_id, "ids": list(ids)}
    versions = {row.id: row.version for row in await connection.execute(_MEMBERS, asked)}
    rows = (await connection.execute(_IDENTIFIERS, asked)).all()
    merges = await list_own_merges(connection, tenant_id, ids)
    images = [image for merge in merges for image in merge.before]
    candidates = {IdentifierKey(row.type, row.scope, row.value) for row in rows}
    candidates |= await list_unowned_next_to(connection, tenant_id, candidates)
    candidates |= keys_of_images(images, ids)
    keys = candidates - await list_of_others(connection, tenant_id, ids, candidates)
    spelt = {row.raw for row in rows if IdentifierKey(row.type, row.scope, row.value) in keys}
    return Person(
        versions=versions,
        keys=frozenset(keys),
        values=frozenset(spelt | spellings_of_images(images, keys) | {key.value for key in keys}),
        birth_dates=frozenset(
            {Said.parse(text).birth_date for row in rows for text in row.birth_dates}
            | await _list_birth_dates(connection, asked)
        ),
        merges=len(merges),
    )


async def _list_birth_dates(connection: ReadConnection, asked: dict[str, Any]) -> set[str]:
    """Return the birth dates that were told, also with an identifier that is another's now."""
    rows = await connection.execute(_BIRTH_DATES, {**asked, "names": sorted(BIRTH_DATE_NAMES)})
    return {day for row in rows for day in birth_dates_of({row.name: row.value})}


async def count_rows(
    connection: ReadConnection, tenant_id: str, ids: Sequence[UUID], person: Person
) -> dict[str, int]:
    """Return how many rows of each table an erasure would take, those of steps without logs."""
    asked = {"tenant_id": tenant_id, "ids": list(ids), **key_columns(person.keys)}
    counts = {"merge_log": person.merges}
    for place in PLACES:
        counts[place.table] = (await connection.execute(place.count, asked)).scalar_one()
    for table, count in (
        ("group_member", _COUNT_MEMBERSHIPS),
        ("group_contact_point", _COUNT_POINTS),
        ("attribute_observation", _COUNT_OBSERVATIONS),
    ):
        counts[table] = (await connection.execute(count, asked)).scalar_one()
    return counts


async def delete_person(
    tx: Transaction, tenant_id: str, ids: Sequence[UUID], person: Person
) -> dict[str, int]:
    """Delete the person's rows; return how many, by table. Others' rows lose the person only.

    The person has left their groups already: memberships refer to customers.
    """
    counts = {"merge_log": await delete_merges(tx, tenant_id, person.traces(ids))}
    await mark_shared(tx, tenant_id, ids, person.keys, person.birth_dates)
    asked: dict[str, Any] = {"tenant_id": tenant_id, "ids": list(ids), **key_columns(person.keys)}
    for place in PLACES:
        counts[place.table] = (await tx.execute(place.delete, asked)).rowcount
    return counts


async def _erase_observations(tx: Transaction, erasure: Erasure) -> Progress:
    parameters = {
        "tenant_id": erasure.tenant_id,
        "ids": list(erasure.subject_ids),
        "rows": PAGE,
    }
    gone = (await tx.execute(_DELETE_OBSERVATIONS, parameters)).rowcount
    return Progress(gone, "more" if gone == PAGE else None)


OBSERVATIONS = Step("attribute_observation", _erase_observations)
