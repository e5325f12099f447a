"""The operator's commands refuse bad arguments before they open anything."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from interactions import commands
from interactions.commands import channels

ADD = ["add", "twilio", "AC1", "--tenant", "demo"]


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Runs the command without a database; collects the secrets that it would seal."""
    secrets: list[str] = []

    async def add_channel(_service, *, secret, **_account):
        secrets.append(secret.get_secret_value())

    def with_service(_build, work):
        asyncio.run(work(None))

    monkeypatch.setattr(commands, "add_channel", add_channel)
    monkeypatch.setattr(commands, "with_service", with_service)
    return secrets


def test_an_account_at_an_unknown_provider_is_refused():
    answer = CliRunner().invoke(
        channels, ["add", "twillio", "AC1", "--tenant", "demo"], env={"CHANNEL_SECRET": "canary"}
    )
    assert answer.exit_code == 2
    assert "unknown provider; available: twilio" in answer.output
    assert "canary" not in answer.output


@pytest.mark.parametrize("channel", ["SMS", "sms,chat", ""])
def test_a_channel_that_no_interaction_could_have_is_refused(stored, channel: str):
    answer = CliRunner().invoke(channels, [*ADD, "--channel", channel], input="canary\n")
    assert answer.exit_code == 2
    assert "lower-case letters" in answer.output
    assert not stored


def test_a_secret_as_an_argument_is_refused_and_not_quoted(stored):
    answer = CliRunner().invoke(channels, [*ADD, "--secret", "canary"])
    assert answer.exit_code == 2
    assert "--secret-file" in answer.output
    assert "canary" not in answer.output
    assert not stored


@pytest.mark.parametrize("way", ["stdin", "file", "environment"])
def test_the_secret_comes_from_outside_the_arguments(stored, way: str, tmp_path: Path):
    file = tmp_path / "secret"
    file.write_text("canary\n")
    answer = CliRunner().invoke(
        channels,
        [*ADD, "--secret-file", str(file)] if way == "file" else ADD,
        input="canary\n" if way == "stdin" else "",
        env={"CHANNEL_SECRET": "canary" if way == "environment" else ""},
    )
    assert answer.exit_code == 0, answer.output
    assert stored == ["canary"]


@pytest.mark.parametrize("arguments", [ADD, [*ADD, "--secret-file", "/nowhere/secret"]])
def test_a_missing_secret_is_an_error_of_usage(stored, arguments: list[str]):
    answer = CliRunner().invoke(channels, arguments, input="", env={"CHANNEL_SECRET": ""})
    assert answer.exit_code == 2, answer.output
    assert not stored
