"""An operator's commands: add channel accounts, process quarantined deliveries again."""

import os
import re
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic import SecretStr, TypeAdapter, ValidationError

from common.cli import read_secret, with_service
from common.service import Service
from common.web.requests import Slug
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

channels = typer.Typer(help="Accounts at providers whose webhooks are accepted.")
deliveries = typer.Typer(help="Provider deliveries that could not be processed.")

_REGION = re.compile("[A-Z]{2}")
Tenant = Annotated[str, typer.Option(help="The tenant that owns it.")]
_NO_ARGUMENT = (
    "every user of the machine can read the arguments of a command, so --secret is not accepted;"
    " pipe the secret in, name a file with --secret-file, or set CHANNEL_SECRET. Replace the secret"
    " at the provider if you have just typed it"
)
_NO_CHANNEL = (
    "a channel is 1 to 64 lower-case letters, digits, _, . or -, beginning with a letter or a digit"
)


async def add_channel(
    service: Service,
    *,
    tenant_id: str,
    provider: str,
    account: str,
    channel: str,
    secret: SecretStr,
    region: str | None = None,
) -> None:
    """Accept the webhooks of an account. Raises ConflictError if it is another tenant's."""
    settings = service.settings
    if not isinstance(settings, InteractionsSettings):
        raise TypeError("the settings must be InteractionsSettings")
    sealer = Sealer(settings.sealing.keys, settings.sealing.current)
    sealed = sealer.seal(secret.get_secret_value(), bound_to=binding(provider, account, tenant_id))
    command = AddChannelAccount(tenant_id, provider, account, channel, sealed, region)
    await service.database.run(add_channel_account, command, now=service.clock.now())


@channels.command("add")
def channels_add(
    provider: str,
    account: str,
    *,
    tenant: Tenant,
    channel: Annotated[str, typer.Option(help="The channel of its plain messages.")] = "sms",
    region: Annotated[
        str | None, typer.Option(help="The country (ISO 3166) of numbers that name none.")
    ] = None,
    secret_file: Annotated[Path | None, typer.Option(help="A file with the secret.")] = None,
    secret: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Add an account, or replace its secret, which is stored sealed.

    The secret comes from CHANNEL_SECRET, from --secret-file, from standard input, or is asked for.
    """
    if secret is not None:
        raise typer.BadParameter(_NO_ARGUMENT)
    if region is not None and not _REGION.fullmatch(region):
        raise typer.BadParameter("--region must be the two letters of a country, such as SE")
    if provider not in adapters():
        raise typer.BadParameter(f"unknown provider; available: {', '.join(adapters())}")
    try:
        TypeAdapter(Slug).validate_python(channel)
    except ValidationError as error:
        raise typer.BadParameter(_NO_CHANNEL) from error
    plaintext = os.environ.get("CHANNEL_SECRET") or read_secret("provider's secret", secret_file)

    async def add(service: Service) -> None:
        await add_channel(
            service,
            tenant_id=tenant,
            provider=provider,
            account=account,
            channel=channel,
            secret=SecretStr(plaintext),
            region=region,
        )

    with_service(_from_environment, add)
    typer.echo(f"accepting POST /v1/channels/{provider}/{account} for {tenant}")


@channels.command("list")
def channels_list(tenant: Tenant) -> None:
    """Show a tenant's accounts, without their secrets."""

    async def show(service: Service) -> None:
        for account in await service.database.read(list_accounts, tenant):
            region = account.region or "-"
            typer.echo(f"{account.provider}\t{account.account}\t{account.channel}\t{region}")

    with_service(_from_environment, show)


@deliveries.command("list")
def deliveries_list(tenant: Tenant) -> None:
    """Show quarantined deliveries with their reasons, never their content."""

    async def show(service: Service) -> None:
        for delivery in await service.database.read(list_quarantined, tenant):
            account = f"{delivery.provider}\t{delivery.account}"
            typer.echo(
                f"{delivery.delivery_id}\t{delivery.received_at}\t{account}\t{delivery.reason}"
            )

    with_service(_from_environment, show)


@deliveries.command("redrive")
def deliveries_redrive(
    tenant: Tenant, delivery_id: Annotated[list[UUID] | None, typer.Option()] = None
) -> None:
    """Process quarantined deliveries again: those named, or all of the tenant's."""

    async def redrive(service: Service) -> int:
        command = RedriveDeliveries(tenant, tuple(delivery_id) if delivery_id else None)
        return await service.database.run(redrive_deliveries, command, now=service.clock.now())

    typer.echo(f"{with_service(_from_environment, redrive)} deliveries will be processed again")


def _from_environment() -> Service:
    return build(InteractionsSettings())
