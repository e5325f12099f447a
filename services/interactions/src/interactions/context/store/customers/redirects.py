"""Why ids lead to other customers: what merges and undoings told, each redirect once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from common.db import Columns, Transaction
from interactions.context.domain.aliases import Moment, Redirect
from interactions.context.store.keys import KEY_COLUMNS, Key, key_rows

_COLUMNS = Columns(
    {
        "tenant_id": "text",
        "customer_id": "uuid",
        "merge_id": "uuid",
        "survivor_id": "uuid",
        "occurred_at": "timestamptz",
        "recorded_at": "timestamptz",
        "undone_occurred_at": "timestamptz",
        "undone_recorded_at": "timestamptz",
    }
)
_KEY = ("tenant_id", "customer_id", "merge_id")

_LIST = text(
    f"""
    SELECT {_COLUMNS.of("r")}
      FROM {KEY_COLUMNS.table("keys", "m")}
     CROSS JOIN LATERAL (
        SELECT * FROM customer_redirect
         WHERE tenant_id = m.tenant_id AND customer_id = m.customer_id
        OFFSET 0) r
    """
)
_SAVE = text(_COLUMNS.upsert("customer_redirect", "redirects", key=_KEY))


async def list_redirects(tx: Transaction, keys: Sequence[Key]) -> dict[str, list[Redirect]]:
    """Return by tenant everything known about where these ids lead."""
    redirects: dict[str, list[Redirect]] = {}
    for row in await tx.execute(_LIST, {"keys": key_rows(keys)}):
        redirects.setdefault(row.tenant_id, []).append(
            Redirect(
                row.customer_id,
                row.merge_id,
                row.survivor_id,
                merged=_recorded(row.occurred_at, row.recorded_at),
                undone=_recorded(row.undone_occurred_at, row.undone_recorded_at),
            )
        )
    return redirects


async def save_redirects(tx: Transaction, redirects: Mapping[str, Sequence[Redirect]]) -> None:
    """Insert redirects of tenants, or overwrite them; the tenants' aliases are locked."""
    rows = [_row(tenant_id, each) for tenant_id, own in redirects.items() for each in own]
    if rows:
        await tx.execute(_SAVE, {"redirects": _COLUMNS.values(rows)})


def _row(tenant_id: str, redirect: Redirect) -> dict[str, Any]:
    merged, undone = redirect.merged, redirect.undone
    return {
        "tenant_id": tenant_id,
        "customer_id": redirect.customer_id,
        "merge_id": redirect.merge_id,
        "survivor_id": redirect.survivor_id,
        "occurred_at": merged and merged.occurred_at,
        "recorded_at": merged and merged.recorded_at,
        "undone_occurred_at": undone and undone.occurred_at,
        "undone_recorded_at": undone and undone.recorded_at,
    }


def _recorded(occurred_at: datetime | None, recorded_at: datetime | None) -> Moment | None:
    if occurred_at is None or recorded_at is None:
        return None
    return Moment(occurred_at, recorded_at)
