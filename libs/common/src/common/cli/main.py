"""Builds a service's command line: processes, database, keys, dead letters."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console

from common.cli.dead_letters import dead_letter_commands
from common.cli.keys import key_commands
from common.cli.progress import progress_commands
from common.cli.runner import run_api, run_async, run_worker
from common.cli.setting_errors import explain
from common.jsons import dumps_text
from common.messaging import ensure_topics
from common.service import Service
from common.settings import ServiceSettings
from common.telemetry import logs

S = TypeVar("S", bound=ServiceSettings)

PROCESSES: Mapping[str, Sequence[str]] = {
    "api": ("feed",),
    "consumer": ("consumer",),
    "relay": ("relay", "maintenance"),
    "timer": ("timer",),
    "worker": ("consumer", "relay", "maintenance", "timer"),
}
"""Which kinds of components each process runs; ``api`` runs them beside the REST API."""


def build_cli(settings_class: type[S], build: Callable[[S], Service]) -> typer.Typer:
    """Return the commands of one service. Settings are read when a command runs, not before."""
    app = typer.Typer(no_args_is_help=True, add_completion=False)

    @app.callback()
    def service_commands() -> None:
        """Run a service's processes, and look after its database, keys and dead letters."""
        logs.report_failures()

    def service() -> Service:
        return build(_read(settings_class))

    def process(name: str) -> Callable[[], None]:
        def command() -> None:
            run_worker(service(), PROCESSES[name])

        return command

    @app.command()
    def api() -> None:
        """Serve the REST API."""
        run_api(service(), PROCESSES["api"])

    app.command("consumer", help="Consume from Kafka.")(process("consumer"))
    app.command("relay", help="Publish the outbox, and keep house.")(process("relay"))
    app.command("timer", help="Do what is due.")(process("timer"))
    app.command("worker", help="All of these in one process.")(process("worker"))

    @app.command()
    def migrate(revision: str = "head") -> None:
        """Bring the database to a revision, and create missing topics."""
        from common.migrations import upgrade  # Alembic would slow every other start by a second

        built = service()
        postgres = built.settings.postgres
        upgrade(
            built.migrations,
            postgres.migration_dsn,
            revision=revision,
            runtime_role=postgres.runtime_role,
        )
        run_async(lambda: ensure_topics(built.settings.kafka, all_topics(built)))

    @app.command()
    def settings() -> None:
        """Print the settings, with secrets redacted."""
        Console().print_json(dumps_text(_read(settings_class).model_dump(mode="json")))

    app.add_typer(key_commands(service), name="keys", help="API keys: create, list, revoke.")
    app.add_typer(dead_letter_commands(service), name="dead-letters", help="List and replay.")
    app.add_typer(progress_commands(service), name="progress", help="How far streams have come.")
    return app


def _read(settings_class: type[S]) -> S:
    """Read the settings, or exit with what is wrong, without quoting any value."""
    try:
        return settings_class()
    except (ValidationError, SettingsError) as error:
        typer.secho(explain(error, settings_class), err=True, fg="red")
        raise typer.Exit(1) from None


def all_topics(service: Service) -> list[str]:
    """Return the topics that a service uses, its dead-letter topics among them."""
    dead = [f"{stream.topic}.dead" for stream in service.streams.values()]
    return sorted({*service.topics, *dead})
