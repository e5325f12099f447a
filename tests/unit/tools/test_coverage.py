"""Coverage below its floors fails, and a floor that lags behind does too."""

import tomllib

from tools.house.tree import ROOT
from tools.reports import coverage

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
