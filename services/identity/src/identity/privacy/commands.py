"""An operator's commands: verify a receipt without any service."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from common.jsons import dumps_text
from identity.privacy.domain.receipts import InvalidReceiptError, verify

receipts = typer.Typer(help="Receipts of erasures.", no_args_is_help=True)


@receipts.callback()
def receipt_commands() -> None:
    """Verify receipts of erasures."""


@receipts.command("verify")
def receipts_verify(
    file: Annotated[Path, typer.Argument(help="The receipt, as the API answered it.")],
    key: Annotated[
        Path, typer.Option(help="The public keys: a JWKS, as GET /v1/receipt-keys answers, or JWK.")
    ],
) -> None:
    """Verify a receipt offline; print it, or say why it is not valid and exit with status 1."""
    try:
        receipt = verify(_json(file), _json(key))
    except InvalidReceiptError as error:
        typer.secho(f"invalid: {error}", err=True, fg="red")
        raise typer.Exit(1) from None
    typer.echo(dumps_text(receipt))


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{path} cannot be read as JSON") from error
