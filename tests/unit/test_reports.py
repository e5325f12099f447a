"""The reports that tools make of coverage, licences and advisories, and what they refuse."""

import re
import tomllib
from pathlib import Path

import pytest

from tools import audit, coverage, licences
from tools.house.__main__ import ROOT

RULES = {
    "all": {"goal": 95, "floor": 90},
    "domain": {"files": ["*/domain/*"], "goal": 100, "floor": 100},
}


def measured(covered: int, of: int) -> dict[str, dict[str, int]]:
    numbers = {"num_statements": of, "covered_lines": covered}
    return {"summary": numbers | {"num_branches": 0, "covered_branches": 0}}


def test_coverage_at_its_floors_passes():
    files = {"a/domain/x.py": measured(10, 10), "a/y.py": measured(80, 90)}
    assert coverage.failures(files, RULES) == []


def test_coverage_below_a_floor_fails_by_group():
    files = {"a/domain/x.py": measured(9, 10), "a/y.py": measured(81, 90)}
    assert coverage.failures(files, RULES) == ["domain: 90.00 % is below its floor of 100 %"]


def test_a_floor_that_lags_behind_must_be_raised():
    files = {"a/domain/x.py": measured(10, 10), "a/y.py": measured(84, 90)}
    assert coverage.failures(files, RULES) == ["all: raise the floor to 94; 94.00 % is reached"]


def test_a_group_without_files_fails():
    assert coverage.failures({"a/y.py": measured(95, 100)}, RULES)[-1] == "domain: no file matches"


def test_every_group_of_coverage_names_files_that_exist():
    for group, rule in tomllib.loads(coverage.RULES.read_text()).items():
        assert group == "all" or any(ROOT.glob(rule["files"][0])), group


@pytest.mark.parametrize(
    ("licence", "weak", "allowed"),
    [
        ("MIT", False, True),
        ("Apache-2.0 OR BSD-3-Clause", False, True),
        ("Mozilla Public License 2.0 (MPL 2.0)", True, True),
        ("Mozilla Public License 2.0 (MPL 2.0)", False, False),
        ("GNU General Public License v3 (GPLv3)", True, False),
        ("unknown", True, False),
    ],
)
def test_only_permissive_licences_are_shipped(licence: str, *, weak: bool, allowed: bool):
    assert (licences.refused([("thing", licence)], weak=weak) == []) is allowed


@pytest.mark.parametrize(
    ("code", "errors", "clean"),
    [
        (0, "No known vulnerabilities found", True),
        (1, "Found 2 known vulnerabilities in 1 package", False),
        (1, "ERROR: could not connect", None),
        (2, "", None),
    ],
)
def test_an_audit_that_could_not_look_is_neither_clean_nor_a_finding(code, errors, clean):
    assert audit.verdict(code, "", errors)[0] is clean


def test_all_packages_have_one_version_the_changelogs_newest():
    files = [*ROOT.glob("libs/*/pyproject.toml"), *ROOT.glob("services/*/pyproject.toml")]
    versions = {tomllib.loads(file.read_text())["project"]["version"] for file in files}
    sections = re.findall(
        r"^## \[(\d[\d.]*)\]", Path(ROOT, "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert versions == {sections[0]}
