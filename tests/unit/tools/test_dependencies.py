"""What may be in a lock file, under which licence, and what an audit of it says."""

import subprocess
from pathlib import Path

import pytest

from tools.dependencies import audit, licences, locks, npm_lock
from tools.dependencies.locks import FOLDER, addresses

NPM_LOCK = """{
  "packages": {
    "": {"name": "ours"},
    "node_modules/good": {
      "integrity": "sha512-abc", "license": "MIT", "resolved": "https://example.org/good.tgz",
      "funding": {"url": "https://example.org/pay"}
    },
    "node_modules/good/node_modules/@in/bad": {"license": "GPL-3.0"},
    "node_modules/good/node_modules/inside": {"inBundle": true}
  }
}"""


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


def test_the_lock_file_of_npm_has_a_hash_of_everything_and_no_address():
    assert addresses(npm_lock.without_addresses(NPM_LOCK)) == []
    assert npm_lock.unhashed(NPM_LOCK) == ["node_modules/good/node_modules/@in/bad"]
    committed = (FOLDER / "node" / npm_lock.NAME).read_text()
    assert npm_lock.without_addresses(committed) == committed
    assert npm_lock.unhashed(committed) == []


def test_the_licences_of_npm_packages_are_judged_by_the_name_of_the_package():
    found = npm_lock.npm_licences(NPM_LOCK)
    assert found == [("@in/bad", "GPL-3.0"), ("good", "MIT")]
    assert licences.refused(found, weak=True) == ["@in/bad: GPL-3.0"]


@pytest.mark.parametrize("upgrade", [True, False])
def test_an_upgrade_takes_up_no_release_of_the_last_week(
    *, upgrade: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    commands: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda command, **_: commands.append(command))
    monkeypatch.setattr(npm_lock, "compile_npm_lock", lambda *_, **__: None)
    locks.compile_locks(tmp_path, upgrade=upgrade)
    assert len(commands) == len((*locks.NAMES, *locks.APART))
    for command in commands:
        assert ("--exclude-newer=7 days" in command) is upgrade
