"""What may be in a lock file, under which licence, and what an audit of it says."""

import pytest

from tools.dependencies import audit, licences
from tools.dependencies.locks import addresses


def test_a_lock_file_may_name_no_host():
    lock = "good==1.0 \\\n    --hash=sha256:abc\nbad @ https://example.org/bad.whl\n"
    assert addresses(lock) == ["bad @ https://example.org/bad.whl"]


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
