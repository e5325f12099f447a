"""Decision records have one form, are listed, and name checks that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs" / "adr"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
FRONT = re.compile(
    r"Status: \S.* · Date: 20\d\d-\d\d-\d\d · Area: \w[\w, ]*(?: · Supersedes: \S.*)?"
)
LABELS = ["Context", "Decision", "Consequences", "Alternatives", "Enforced by"]
CHECK = re.compile(r"`([\w./-]+/[\w./-]+)(?:::\w+)?`|`make ([\w-]+)")


def problems(name: str, text: str) -> list[str]:
    """Return what is wrong with the record ``text`` in a file called ``name``."""
    lines = text.splitlines()
    labels = re.findall(r"^\*\*([\w ]+)\.\*\*", text, re.MULTILINE)
    enforced = " ".join(text.rpartition("**Enforced by.**")[2].split())
    paths = [path for path, _ in CHECK.findall(enforced) if path]
    targets = [target for _, target in CHECK.findall(enforced) if target]
    makefile = (ROOT / "Makefile").read_text()
    return [
        *([] if lines[0].startswith(f"# {name[:4]} ") else ["no title with its number"]),
        *([] if FRONT.fullmatch(lines[2]) else ["no front line"]),
        *([] if lines[4].startswith("> ") else ["no sentence to quote"]),
        *(f"no section {label}" for label in LABELS if label not in labels),
        *(f"no such path: {path}" for path in paths if not (ROOT / path).exists()),
        *(f"no such target: {name}" for name in targets if f"\n{name}:" not in makefile),
        *([] if paths or targets or "import contract" in enforced else ["no check"]),
    ]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_record_has_its_form_and_names_checks_that_exist(record: Path):
    assert problems(record.name, record.read_text()) == []


def test_every_record_is_listed_with_its_title():
    index = " ".join((FOLDER / "README.md").read_text().split())
    for record in RECORDS:
        title = record.read_text().splitlines()[0].removeprefix(f"# {record.name[:4]} ")
        assert f"({record.name}) {title}" in index


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Status: accepted", "accepted", "no front line"),
        ("> ", "", "no sentence to quote"),
        ("**Alternatives.**", "Alternatives:", "no section Alternatives"),
        ("tests/contract/test_contracts.py", "tests/gone.py", "no such path: tests/gone.py"),
        ("`make contracts-check`", "`make gone`", "no such target: gone"),
    ],
)
def test_a_record_out_of_form_is_found(old: str, new: str, problem: str):
    record = next(record for record in RECORDS if record.name.startswith("0005"))
    assert problem in problems(record.name, record.read_text().replace(old, new, 1))
