"""Every service's command line."""

import pytest
from typer.testing import CliRunner

from identity.__main__ import main as identity
from interactions.__main__ import main as interactions
from sla.__main__ import main as sla


@pytest.mark.parametrize(
    "main", [identity, interactions, sla], ids=["identity", "interactions", "sla"]
)
def test_the_command_line_can_be_built_with_all_its_commands(main):
    shown = CliRunner().invoke(main, ["--help"], catch_exceptions=False)
    assert shown.exit_code == 0
    for command in ("api", "relay", "migrate", "progress", "dead-letters"):
        assert command in shown.output
