"""How far our copy of a customer is."""

from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection

_GET = text(
    """
    SELECT version FROM customer_profile
     WHERE tenant_id = :tenant_id AND customer_id = :customer_id
    """
)


async def get_copied_version(connection: ReadConnection, tenant_id: str, customer_id: UUID) -> int:
    """Return the latest version of a customer that our copy has, 0 without any."""
    values = {"tenant_id": tenant_id, "customer_id": customer_id}
    version = (await connection.execute(_GET, values)).scalar_one_or_none()
    return int(version or 0)
