"""What an operator does by hand: make channel accounts known, drive deliveries again."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar
from uuid import UUID

import typer
from pydantic import SecretStr

from common.cli import with_service
from common.errors import ConflictError
from common.service import Service
from interactions.channels.kit.sealing import Sealer
from interactions.channels.providers.registry import adapters
from interactions.channels.store.accounts import list_accounts
from interactions.channels.store.deliveries import list_quarantined
from interactions.channels.usecases.add_channel_account import (
    AddChannelAccount,
    add_channel_account,
    binding,
)
from interactions.channels.usecases.deliveries import RedriveDeliveries, redrive_deliveries
from interactions.settings import InteractionsSettings
from interactions.wiring import build

T = TypeVar("T")

channels = typer.Typer(help="Accounts at providers whose webhooks are accepted.")
deliveries = typer.Typer(help="Provider deliveries that could not be processed.")

Tenant = Annotated[str, typer.Option(help="Whose it is.")]


async def add_channel(
    service: Service,
    *,
    tenant_id: str,
    provider: str,
    account: str,
    channel: str,
    secret: SecretStr,
) -> None:
    """Accept the webhooks of an account from now on; raises ConflictError if it is another's."""
    settings = service.settings
    if not isinstance(settings, InteractionsSettings):
        raise TypeError("these are not the settings of interactions")
    sealer = Sealer(settings.sealing.keys, settings.sealing.current)
    sealed = sealer.seal(secret.get_secret_value(), bound_to=binding(provider, account, tenant_id))
    command = AddChannelAccount(tenant_id, provider, account, channel, sealed)
    await service.database.run(add_channel_account, command, now=service.clock.now())


@channels.command("add")
def channels_add(
    provider: str,
    account: str,
    tenant: Tenant,
    secret: Annotated[str, typer.Option(prompt=True, hide_input=True, envvar="CHANNEL_SECRET")],
    channel: Annotated[str, typer.Option(help="What plain messages count as.")] = "sms",
) -> None:
    """Make an account known, or replace its secret, which is asked for and stored sealed."""
    if provider not in adapters():
        raise typer.BadParameter(f"there is no such provider; there is: {', '.join(adapters())}")

    async def add(service: Service) -> None:
        await add_channel(
            service,
            tenant_id=tenant,
            provider=provider,
            account=account,
            channel=channel,
            secret=SecretStr(secret),
        )

    try:
        _with_service(add)
    except ConflictError as error:
        typer.echo(f"{provider}/{account}: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"accepting POST /v1/channels/{provider}/{account} for {tenant}")


@channels.command("list")
def channels_list(tenant: Tenant) -> None:
    """Show a tenant's accounts, without their secrets."""

    async def show(service: Service) -> None:
        for found in await service.database.read(list_accounts, tenant):
            typer.echo(f"{found.provider}\t{found.account}\t{found.channel}")

    _with_service(show)


@deliveries.command("list")
def deliveries_list(tenant: Tenant) -> None:
    """Show quarantined deliveries with their reasons, never their content."""

    async def show(service: Service) -> None:
        for found in await service.database.read(list_quarantined, tenant):
            where = f"{found.provider}\t{found.account}"
            typer.echo(f"{found.delivery_id}\t{found.received_at}\t{where}\t{found.reason}")

    _with_service(show)


@deliveries.command("redrive")
def deliveries_redrive(
    tenant: Tenant, delivery_id: Annotated[list[UUID] | None, typer.Option()] = None
) -> None:
    """Process quarantined deliveries again: those named, or all of the tenant's."""

    async def redrive(service: Service) -> int:
        command = RedriveDeliveries(tenant, tuple(delivery_id) if delivery_id else None)
        return await service.database.run(redrive_deliveries, command, now=service.clock.now())

    typer.echo(f"{_with_service(redrive)} deliveries will be processed again")


def _with_service(work: Callable[[Service], Awaitable[T]]) -> T:
    return with_service(lambda: build(InteractionsSettings()), work)  # from the environment
