"""The checks of the description fail when a tool finds something, or a client lacks a call."""

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml

from tools.check_api.__main__ import passes
from tools.check_api.linters import RULES, judge, redocly_problems, spectral_problems
from tools.check_api.operations import compare_operations, operations
from tools.check_api.programs import DOCUMENT, CheckError, run

SPECTRAL = [{"code": "info-contact", "path": ["info"], "message": "No contact.", "severity": 1}]
REDOCLY: dict[str, Any] = {
    "totals": {"errors": 0, "warnings": 1, "ignored": 0},
    "problems": [{"ruleId": "info-license", "severity": "warn", "message": "No licence.",
                  "location": [{"pointer": "#/info"}]}],
}  # fmt: skip


def finished(code: int, output: str = "") -> CompletedProcess[str]:
    return CompletedProcess([], code, output, "")


def test_the_linters_use_their_recommended_rules_and_nothing_else():
    rules = {path.name: yaml.safe_load(path.read_text()) for path in RULES.iterdir()}
    assert rules == {
        "spectral.yaml": {"extends": ["spectral:oas"]},
        "redocly.yaml": {"extends": ["recommended"]},
    }


def test_a_warning_of_a_linter_fails():
    assert spectral_problems(json.dumps(SPECTRAL)) == ["warning info-contact: No contact. (info)"]
    found = redocly_problems(json.dumps(REDOCLY))
    assert found == ["warn info-license: No licence. (#/info)", "1 warnings"]
    with pytest.raises(CheckError, match="info-license"):
        judge(finished(0), found)


def test_a_problem_that_redocly_is_told_to_ignore_fails():
    report = {"totals": {"errors": 0, "warnings": 0, "ignored": 2}, "problems": []}
    assert redocly_problems(json.dumps(report)) == ["2 ignored"]


def test_a_linter_that_finds_nothing_passes():
    assert judge(finished(0), spectral_problems("[]")) == "0 errors, 0 warnings"


@pytest.mark.parametrize("problems", [[], None])
def test_a_linter_that_breaks_fails(problems: list[str] | None):
    with pytest.raises(CheckError):
        judge(finished(2, "no such file"), problems)
    assert spectral_problems("no such file") is redocly_problems("no such file") is None


def test_a_client_has_every_operation_under_its_id():
    described = operations(DOCUMENT)
    assert "post /v1/interactions" in described
    assert compare_operations(described, reversed(described)).endswith(" operations")
    with pytest.raises(CheckError, match="lacks post /v1/interactions"):
        compare_operations(described, set(described) - {"post /v1/interactions"})
    with pytest.raises(CheckError, match="two"):
        compare_operations(["one"], ["one", "two"])
    with pytest.raises(CheckError):
        compare_operations(["one"], ["one", "one"])


def test_a_program_that_fails_says_what_it_wrote(tmp_path: Path):
    assert run("sh", "-c", "echo fine", cwd=tmp_path) == "fine\n"
    with pytest.raises(CheckError, match=r"(?s)half done.*broken"):
        run("sh", "-c", "echo half done; echo broken >&2; exit 3", cwd=tmp_path)


def test_a_failed_check_is_shown_and_counted(capsys: pytest.CaptureFixture[str]):
    def fail() -> str:
        raise CheckError("one\ntwo")

    assert passes("lint", lambda: "fine")
    assert not passes("types", fail)
    shown = capsys.readouterr().out
    assert "passed  lint" in shown
    assert "FAILED  types" in shown
    assert "        one\n        two\n" in shown
