"""Secrets that commands take: never as an argument, which every user of the machine can read."""

import sys
from pathlib import Path

import typer


def read_secret(name: str, file: Path | None = None) -> str:
    """Return the secret: the content of ``file``, or typed at the terminal, or a line of stdin.

    Raises ``typer.BadParameter`` if it is empty or the file cannot be read.
    """
    if file is not None:
        secret = _content(file)
    elif sys.stdin.isatty():
        secret = typer.prompt(name, hide_input=True)
    else:
        secret = sys.stdin.readline()
    if not (secret := secret.strip()):
        raise typer.BadParameter(f"the {name} is empty; type it, pipe it in or name a file with it")
    return secret


def _content(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise typer.BadParameter(f"cannot read {file}: {reason}") from None
