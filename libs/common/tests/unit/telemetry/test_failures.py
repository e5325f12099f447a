"""What a process says when it fails: which error and where, but not what the error says."""

import asyncio
import gc
import io
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from common.cli import run_async
from common.telemetry import logs, tracing

QUOTE = "Key (email)=(anna@example.org) already exists."
FAILING = f"""
from common.cli import build_cli

def build(settings):
    raise LookupError("{QUOTE}")

build_cli(dict, build)()
"""
MISCONFIGURED = """
from common.cli import build_cli
from common.settings import ServiceSettings
from pydantic_settings import SettingsConfigDict

class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="T_")

build_cli(Settings, lambda settings: None)()
"""


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.configure(stream=stream)
    yield stream
    logs.configure(level="WARNING")


def ending(script: str, **environment: str) -> str:
    """Run a service's command that fails; return all that it wrote."""
    command = [sys.executable, "-c", script, "api"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stdout + done.stderr


def test_an_error_that_ends_a_process_is_logged_without_what_it_says():
    (line,) = ending(FAILING).splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["error"]) == ("process.failed", "LookupError")
    assert entry["stack"][-1].endswith(" build")
    assert "anna" not in line


def test_settings_that_are_wrong_are_named_but_not_quoted():
    shown = ending(MISCONFIGURED, T_AUTH='{"pepper": "s3cret"}', T_POSTGRES='{"dsn": 70007}')
    assert "pepper" in shown
    assert "T_POSTGRES__DSN" in shown
    assert "Traceback" not in shown
    assert not any(value in shown for value in ("s3cret", "70007"))
    assert "s3cret" not in ending(MISCONFIGURED, T_AUTH="{s3cret")


def test_an_error_of_a_task_that_nobody_awaits_is_logged_without_what_it_says(log: io.StringIO):
    async def fail() -> None:
        raise LookupError(QUOTE)

    async def forget() -> None:
        tasks = [asyncio.create_task(fail())]
        await asyncio.sleep(0)
        tasks.clear()
        gc.collect()

    run_async(forget)
    entry = json.loads(log.getvalue())
    assert (entry["event"], entry["error"]) == ("loop.failed", "LookupError")
    assert "anna" not in log.getvalue()


def test_a_trace_has_the_error_without_what_it_says(monkeypatch: pytest.MonkeyPatch):
    ended = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(ended))
    monkeypatch.setattr(tracing, "_TRACER", provider.get_tracer("test"))
    with pytest.raises(LookupError), tracing.span("process a batch"):
        raise LookupError(QUOTE)
    (span,) = ended.get_finished_spans()
    assert span.status.description == "LookupError"
    assert not span.status.is_ok
    assert "anna" not in span.to_json()
