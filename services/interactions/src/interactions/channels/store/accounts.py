"""Accounts at providers: the owning tenant and the sealed secret that signs their calls."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text

from common.db import ReadConnection, Transaction
from interactions.channels.kit.sealing import Sealed

_FIND = text(
    """
    SELECT provider, account, tenant_id, channel, region, key_id, sealed_secret FROM channel_account
    WHERE provider = :provider AND account = :account AND disabled_at IS NULL
    """
)
_LIST = text(
    """
    SELECT provider, account, tenant_id, channel, region, key_id, sealed_secret FROM channel_account
    WHERE tenant_id = :tenant_id AND disabled_at IS NULL ORDER BY provider, account
    """
)
_SAVE = text(
    """
    INSERT INTO channel_account
        (provider, account, tenant_id, channel, region, key_id, sealed_secret)
    VALUES (:provider, :account, :tenant_id, :channel, :region, :key_id, :sealed_secret)
    ON CONFLICT (provider, account) DO UPDATE
        SET channel = excluded.channel, region = excluded.region, key_id = excluded.key_id,
            sealed_secret = excluded.sealed_secret, disabled_at = NULL
        -- Another tenant's account stays as it is.
        WHERE channel_account.tenant_id = excluded.tenant_id
    """
)


@dataclass(frozen=True, slots=True)
class ChannelAccount:
    """An account at a provider; ``channel`` is the channel of its plain messages.

    ``region`` (ISO 3166) is the country of telephone numbers that name none.
    """

    provider: str
    account: str
    tenant_id: str
    channel: str
    secret: Sealed
    region: str | None = None


async def find_account(
    connection: ReadConnection, *, provider: str, account: str
) -> ChannelAccount | None:
    """Return the account, or None if it is unknown or disabled.

    It searches all tenants, because the account is what identifies the tenant of a call.
    """
    result = await connection.execute(_FIND, {"provider": provider, "account": account})
    row = result.one_or_none()
    return None if row is None else _account(row)


async def list_accounts(connection: ReadConnection, tenant_id: str) -> list[ChannelAccount]:
    """Return a tenant's enabled accounts."""
    result = await connection.execute(_LIST, {"tenant_id": tenant_id})
    return [_account(row) for row in result]


async def save_account(tx: Transaction, account: ChannelAccount) -> bool:
    """Add an account or replace its secret; return False if it belongs to another tenant."""
    result = await tx.execute(
        _SAVE,
        {
            "provider": account.provider,
            "account": account.account,
            "tenant_id": account.tenant_id,
            "channel": account.channel,
            "region": account.region,
            "key_id": account.secret.key_id,
            "sealed_secret": account.secret.content,
        },
    )
    return result.rowcount == 1


def _account(row: Row[Any]) -> ChannelAccount:
    secret = Sealed(row.key_id, bytes(row.sealed_secret))
    return ChannelAccount(row.provider, row.account, row.tenant_id, row.channel, secret, row.region)
