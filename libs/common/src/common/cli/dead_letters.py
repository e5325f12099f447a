"""Commands for dead letters: list events that could not be handled, and apply them again."""

from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from common.cli.runner import Build, with_service
from common.messaging import Stream, dead_letters
from common.service import Service


def dead_letter_commands(build: Build) -> typer.Typer:
    """Return ``dead-letters list | replay``."""
    app = typer.Typer(no_args_is_help=True)

    @app.command("list")
    def list_(limit: int = 100) -> None:
        """List events that could not be handled, by stream, without their content."""

        async def work(service: Service) -> list[tuple[str, dead_letters.Summary]]:
            listed = []
            for stream in service.streams.values():
                letters = await service.database.read(
                    dead_letters.list_open, stream.consumer, limit=limit
                )
                listed += [(stream.consumer, letter) for letter in letters]
            return listed

        table = Table("id", "stream", "topic", "partition", "offset", "reason", "detail", "since")
        for consumer, letter in with_service(build, work):
            table.add_row(
                str(letter.dead_letter_id),
                consumer,
                letter.topic,
                str(letter.partition),
                str(letter.offset),
                letter.reason,
                letter.detail,
                str(letter.created_at),
            )
        Console().print(table)

    @app.command()
    def replay(stream: str, dead_letter_id: UUID) -> None:
        """Apply one again; if it fails again, it stays in the list."""

        async def work(service: Service) -> str:
            return await service.database.run(
                dead_letters.replay,
                stream_named(service, stream),
                dead_letter_id,
                now=service.clock.now(),
            )

        typer.echo(with_service(build, work))

    return app


def stream_named(service: Service, name: str) -> Stream:
    """Return the stream. Raises typer.BadParameter, which names the existing streams."""
    for stream in service.streams.values():
        if stream.consumer == name:
            return stream
    names = ", ".join(sorted(s.consumer for s in service.streams.values()))
    raise typer.BadParameter(f"unknown stream; available: {names}")
