"""Add an account at a provider, so that its calls are accepted."""

from dataclasses import dataclass
from datetime import datetime

from common.db import Transaction
from common.errors import ConflictError
from interactions.channels.kit.sealing import Sealed
from interactions.channels.store.accounts import ChannelAccount, save_account


@dataclass(frozen=True, slots=True)
class AddChannelAccount:
    """``secret`` is sealed for ``binding(provider, account, tenant_id)``.

    ``region`` (ISO 3166) is the country of telephone numbers that name none.
    """

    tenant_id: str
    provider: str
    account: str
    channel: str
    secret: Sealed
    region: str | None = None


async def add_channel_account(
    tx: Transaction, command: AddChannelAccount, *, now: datetime
) -> None:
    """Add the account or replace its secret. Raises ConflictError if another tenant owns it."""
    del now
    account = ChannelAccount(
        command.provider,
        command.account,
        command.tenant_id,
        command.channel,
        command.secret,
        command.region,
    )
    if not await save_account(tx, account):
        raise ConflictError("the account belongs to another tenant")


def binding(provider: str, account: str, tenant_id: str) -> str:
    """Return the row that an account's sealed secret is bound to."""
    return f"channel_account|{provider}|{account}|{tenant_id}"
