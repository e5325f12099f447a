"""How full the vault is, counted on partial indexes and only up to a bound."""

from dataclasses import dataclass

from sqlalchemy import text

from common.db import ReadConnection

_SIZE = text(
    """
    SELECT waiting.number AS waiting, waiting.bytes AS waiting_bytes,
           quarantined.number AS quarantined, quarantined.bytes AS quarantined_bytes,
           (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(received_at)), 0)::float8
            FROM raw_delivery WHERE state = 'received') AS oldest_seconds,
           (SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0)::bigint
            FROM pg_inherits WHERE inhparent = to_regclass('raw_delivery')) AS disk_bytes
    FROM (
        SELECT count(*) AS number, coalesce(sum(octet_length(body)), 0)::bigint AS bytes
        FROM (SELECT body FROM raw_delivery WHERE state = 'received' LIMIT 10000) AS counted
    ) AS waiting, (
        SELECT count(*) AS number, coalesce(sum(octet_length(body)), 0)::bigint AS bytes
        FROM (SELECT body FROM raw_delivery WHERE state = 'quarantined' LIMIT 10000) AS counted
    ) AS quarantined
    """
)


@dataclass(frozen=True, slots=True)
class VaultSize:
    waiting: int
    waiting_bytes: int
    quarantined: int
    quarantined_bytes: int
    oldest_seconds: float
    disk_bytes: int


async def get_vault_size(connection: ReadConnection) -> VaultSize:
    """Return the sizes of all tenants' deliveries together."""
    return VaultSize(*(await connection.execute(_SIZE)).one())
