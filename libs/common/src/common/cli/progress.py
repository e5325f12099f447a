"""Commands that list how far streams have come, and move one past records it cannot read."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from common.cli.dead_letters import stream_named
from common.cli.runner import Build, with_service
from common.messaging import Position, inbox, skip
from common.service import Service


def progress_commands(build: Build) -> typer.Typer:
    """Return ``progress list | skip``."""
    app = typer.Typer(no_args_is_help=True)

    @app.command("list")
    def list_() -> None:
        """List the next offset and the watermark of every partition read so far."""
        table = Table("stream", "topic", "partition", "next offset", "watermark", "moved")
        for row in with_service(build, _positions):
            times = (str(row.watermark or "-"), str(row.updated_at))
            table.add_row(row.consumer, row.topic, str(row.partition), str(row.next_offset), *times)
        Console().print(table)

    @app.command("skip")
    def skip_(
        stream: str,
        partition: int,
        at: Annotated[int, typer.Option(min=0, help="The offset where the partition stands.")],
        to: Annotated[int, typer.Option(min=0, help="The offset to go on from.")],
    ) -> None:
        """Go on from a later offset. The skipped range is recorded as a dead letter."""
        if to <= at:
            raise typer.BadParameter("partitions only move forward: --to must be greater than --at")

        async def work(service: Service) -> None:
            named, now = stream_named(service, stream), service.clock.now()
            await service.database.run(
                skip, named, partition, at=at, to=to, service=service.name, now=now
            )

        with_service(build, work)

    return app


async def _positions(service: Service) -> list[Position]:
    return await service.database.read(inbox.list_positions)
