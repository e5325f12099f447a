"""Commands for API keys. A key is shown once, when it is created; only its digest is stored."""

from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from common.cli.runner import Build, with_service
from common.cli.secrets import read_secret
from common.service import Service
from common.web.auth import (
    CreateKey,
    create_key,
    import_key,
    insert_key,
    list_keys,
    registered_scopes,
    revoke_key,
)

Tenant = Annotated[str, typer.Option(help="The tenant that the key speaks for.")]
Scopes = Annotated[
    list[str] | None, typer.Option("--scope", help="Repeat for several; all scopes without.")
]
Days = Annotated[int | None, typer.Option(min=1, help="Days until it expires; never without.")]


def key_commands(build: Build) -> typer.Typer:
    """Return ``keys create | import | list | revoke``."""
    app = typer.Typer(no_args_is_help=True)

    @app.command()
    def create(tenant: Tenant, name: str, scopes: Scopes = None, days: Days = None) -> None:
        """Create a key, store its digest and print the key, once only."""
        typer.echo(with_service(build, lambda s: _create(s, tenant, name, scopes, days)))

    @app.command("import")
    def import_(tenant: Tenant, name: str, scopes: Scopes = None) -> None:
        """Store a key that another service created; type or pipe it in, it is never an argument."""
        plaintext = read_secret("API key")
        with_service(build, lambda s: _import(s, plaintext, tenant, name, scopes))

    @app.command("list")
    def list_() -> None:
        """List the keys, without their secrets."""
        with_service(build, _print_keys)

    @app.command()
    def revoke(key_id: str) -> None:
        """Revoke a key; every process refuses it within 5 seconds."""
        if not with_service(build, lambda s: s.database.run(revoke_key, key_id, now=s.clock.now())):
            raise typer.BadParameter("there is no such key, or it was revoked before")

    return app


async def _create(
    service: Service, tenant: str, name: str, scopes: list[str] | None, days: int | None
) -> str:
    now, auth = service.clock.now(), service.settings.auth
    command = CreateKey(
        tenant_id=tenant,
        name=name,
        scopes=scopes or sorted(registered_scopes()),
        environment=auth.environment,
        expires_at=now + timedelta(days=days) if days else None,
    )
    plaintext, row = create_key(command, pepper=auth.pepper, now=now)
    await service.database.run(insert_key, row, now=now)
    return plaintext


async def _import(
    service: Service, plaintext: str, tenant: str, name: str, scopes: list[str] | None
) -> None:
    now = service.clock.now()
    command = CreateKey(tenant_id=tenant, name=name, scopes=scopes or sorted(registered_scopes()))
    row = import_key(plaintext, command, pepper=service.settings.auth.pepper, now=now)
    await service.database.run(insert_key, row, now=now)


async def _print_keys(service: Service) -> None:
    table = Table("key", "tenant", "name", "scopes", "created", "expires", "revoked", "last used")
    for row in await service.database.read(list_keys):
        times = (row.created_at, row.expires_at, row.revoked_at, row.last_used_on)
        cells = [row.key_id, row.tenant_id, row.name, " ".join(row.scopes)]
        table.add_row(*cells, *(str(moment or "-") for moment in times))
    Console().print(table)
