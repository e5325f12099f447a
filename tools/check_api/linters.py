"""Spectral and Redocly with the rules that they recommend: no error, no warning."""

import json
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess

from tools.check_api.programs import DOCUMENT, NODE, CheckError, attempt, installed

RULES = Path(__file__).parent / "rules"
_SEVERITIES = ("error", "warning", "information", "hint")
_MOST = 100_000
"""More problems than any document has: all are shown."""


def lint_with_spectral(document: Path = DOCUMENT) -> str:
    """Return that Spectral finds nothing. Raises ``CheckError`` with what it finds."""
    options = ("--ruleset", RULES / "spectral.yaml", "--fail-severity", "hint")
    report = ("--format", "json", "--quiet")
    finished = attempt(installed("spectral"), "lint", document, *options, *report, cwd=NODE)
    return judge(finished, spectral_problems(finished.stdout))


def lint_with_redocly(document: Path = DOCUMENT) -> str:
    """Return that Redocly finds nothing. Raises ``CheckError`` with what it finds."""
    options = ("--config", RULES / "redocly.yaml")
    report = ("--format", "json", "--max-problems", str(_MOST))
    finished = attempt(installed("redocly"), "lint", document, *options, *report, cwd=NODE)
    return judge(finished, redocly_problems(finished.stdout))


def judge(finished: CompletedProcess[str], problems: Sequence[str] | None) -> str:
    """Return that there are no problems. Raises ``CheckError`` if there are, or nobody can tell."""
    if problems is None:
        raise CheckError(f"no report:\n{finished.stdout}{finished.stderr}")
    if problems or finished.returncode != 0:
        raise CheckError("\n".join(problems) or finished.stderr)
    return "0 errors, 0 warnings"


def spectral_problems(report: str) -> list[str] | None:
    """Return what a report of Spectral lists, one line for each; None if it is no report."""
    try:
        problems = json.loads(report)
    except ValueError:
        return None
    return [
        f"{_SEVERITIES[problem['severity']]} {problem['code']}: {problem['message']}"
        f" ({'/'.join(map(str, problem['path']))})"
        for problem in problems
    ]


def redocly_problems(report: str) -> list[str] | None:
    """Return what a report of Redocly lists, one line for each; None if it is no report."""
    try:
        found = json.loads(report)
    except ValueError:
        return None
    problems = [
        f"{problem['severity']} {problem['ruleId']}: {problem['message']}"
        f" ({problem['location'][0].get('pointer')})"
        for problem in found["problems"]
    ]
    # Ignored problems are counted, but not listed.
    counts = [f"{count} {kind}" for kind, count in found["totals"].items() if count]
    return problems + counts
