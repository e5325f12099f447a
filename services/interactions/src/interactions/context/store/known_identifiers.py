"""The keys under which customers are found."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from common.db import Columns, Transaction
from identifiers import NORMALISER_VERSION


class KnownIdentifier(NamedTuple):
    """One key under which a customer is found, of the normaliser's present version."""

    tenant_id: str
    type: str
    scope: str
    lookup_key: str
    customer_id: UUID
    level: str
    asserted_at: datetime

    @property
    def address(self) -> tuple[str, str, str]:
        """What a look-up names: type, scope and look-up key."""
        return self.type, self.scope, self.lookup_key


_COLUMNS = Columns(
    {
        "tenant_id": "text",
        "type": "text",
        "scope": "text",
        "lookup_key": "text",
        "customer_id": "uuid",
        "level": "text",
        "asserted_at": "timestamptz",
    }
)
_KEY = ("tenant_id", "type", "scope", "lookup_key")

_DELETE = text(
    f"""
    DELETE FROM known_identifier k
     USING {_COLUMNS.table("identifiers", "m")}
     WHERE k.tenant_id = m.tenant_id AND k.type = m.type AND k.scope = m.scope
       AND k.lookup_key = m.lookup_key
       AND coalesce((SELECT a.canonical_id FROM customer_alias a
                      WHERE a.tenant_id = k.tenant_id AND a.origin_id = k.customer_id),
                    k.customer_id)
         = coalesce((SELECT a.canonical_id FROM customer_alias a
                      WHERE a.tenant_id = m.tenant_id AND a.origin_id = m.customer_id),
                    m.customer_id)
    """
)
_SAVE = text(
    f"""
    INSERT INTO known_identifier ({_COLUMNS.names}, normaliser_version)
    SELECT DISTINCT ON ({", ".join(_KEY)}) {_COLUMNS.names}, {NORMALISER_VERSION}
      FROM {_COLUMNS.table("identifiers")}
     ORDER BY {", ".join(_KEY)}, asserted_at DESC
    ON CONFLICT ({", ".join(_KEY)}) DO UPDATE SET {_COLUMNS.overwrite(key=_KEY)},
        normaliser_version = excluded.normaliser_version
     WHERE excluded.asserted_at >= known_identifier.asserted_at
        OR excluded.normaliser_version <> known_identifier.normaliser_version
    """
)


async def delete_known_identifiers(tx: Transaction, identifiers: Sequence[KnownIdentifier]) -> None:
    """Delete keys, but only those that the same customer, by any of its ids, still has."""
    await tx.execute(_DELETE, {"identifiers": _rows(identifiers)})


async def save_known_identifiers(tx: Transaction, identifiers: Sequence[KnownIdentifier]) -> None:
    """Write keys; an assertion older than the stored one of this version changes nothing."""
    await tx.execute(_SAVE, {"identifiers": _rows(identifiers)})


def _rows(identifiers: Sequence[KnownIdentifier]) -> str:
    return _COLUMNS.values([identifier._asdict() for identifier in identifiers])
