"""The operator's commands refuse bad arguments before they open anything."""

from typer.testing import CliRunner

from interactions.commands import channels


def test_an_account_at_an_unknown_provider_is_refused():
    answer = CliRunner().invoke(
        channels, ["add", "twillio", "AC1", "--tenant", "demo"], env={"CHANNEL_SECRET": "canary"}
    )
    assert answer.exit_code == 2
    assert "unknown provider; available: twilio" in answer.output
    assert "canary" not in answer.output
