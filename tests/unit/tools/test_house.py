"""Each check of the house is shown a planted break, and the code that it wants instead."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools.house import exceptions
from tools.house.__main__ import CHECKS, findings
from tools.house.checks.code import (
    business_words,
    commits,
    event_fields,
    faces,
    folders,
    purity,
    sql,
    store_verbs,
)
from tools.house.checks.texts import citations, metrics, reasons, subjects, words
from tools.house.tree import ROOT, Finding, Tree

Check = Callable[[Tree], Iterator[Finding]]
Files = dict[str, str]

COMMON = "libs/common/src/common"
SLA = "services/sla/src/sla"
EVENT = 'class OpenedV1(EventData):\n    event_type: ClassVar[str] = "sla.opened"\n    why: str\n'
ANNOUNCING = "from sla.events.published import OpenedV1\n"
COPIED_BY_NAME = {
    f"{SLA}/events/published.py": EVENT,
    f"{SLA}/events/announcing.py": f"{ANNOUNCING}NAMES = tuple(OpenedV1.model_fields)\n",
}
COUNTED = {f"{SLA}/metrics.py": 'MADE = Counter("threadline_sla_made_total", "Made.", ["kind"])\n'}
ROOMS = {
    f"{COMMON}/db/__init__.py": '__all__ = ["Database"]\n',
    f"{COMMON}/db/database.py": "",
    f"{COMMON}/web/__init__.py": '__all__ = ["app"]\n',
    f"{COMMON}/web/app.py": "",
    f"{COMMON}/web/auth/__init__.py": '__all__ = ["Caller"]\n',
    f"{COMMON}/web/auth/jwt.py": "",
}

BREAKS: list[tuple[Check, Files, str]] = [
    (
        business_words.check,
        {f"{COMMON}/cache.py": "def find_customer() -> None: ...\n"},
        "find_customer",
    ),
    (citations.check, {"README.md": "See [this](docs/gone.md)."}, "docs/gone.md"),
    (citations.check, {"README.md": "# One\n\nSee [this](#two)."}, "#two"),
    (citations.check, {"README.md": "Written in `common/gone.py`."}, "common/gone.py"),
    (citations.check, {"README.md": "By `common.gone.Thing`."}, "common.gone.Thing"),
    (citations.check, {"README.md": "Run `make gone`.", "Makefile": "here:\n"}, "make gone"),
    (
        citations.check,
        {"README.md": "Shown by `tests/test_a.py::test_gone`.", "tests/test_a.py": ""},
        "test_gone",
    ),
    (
        citations.check,
        {"README.md": "`sla: unit/test_a.py`", "services/identity/tests/unit/test_a.py": ""},
        "unit/test_a.py",
    ),
    (commits.check, {f"{SLA}/rules/usecases/save.py": "await tx.commit()\n"}, "tx.commit"),
    (event_fields.check, {f"{SLA}/events/published.py": EVENT}, "OpenedV1"),
    (
        event_fields.check,
        {
            f"{SLA}/events/published.py": EVENT,
            f"{SLA}/events/announcing.py": f"{ANNOUNCING}OpenedV1(why={{}})\n",
        },
        "OpenedV1.why",
    ),
    (event_fields.check, COPIED_BY_NAME | {f"{SLA}/domain/clock.py": ""}, "OpenedV1.why"),
    (faces.check, ROOMS | {f"{SLA}/a.py": "from common.db.database import X\n"}, "common.db"),
    (faces.check, ROOMS | {f"{SLA}/a.py": "from common.db import database\n"}, "common.db"),
    (faces.check, ROOMS | {f"{SLA}/a.py": "import common.db.database\n"}, "common.db"),
    (faces.check, ROOMS | {f"{SLA}/a.py": "from common.web.auth.jwt import X\n"}, "common.web"),
    (
        faces.check,
        {
            f"{SLA}/a/__init__.py": "__all__ = []\n",
            f"{SLA}/a/b.py": "",
            f"{SLA}/c/d.py": "from sla.a.b import X\n",
        },
        "sla.a",
    ),
    (folders.check, {f"{SLA}/store/file{n}.py": "" for n in range(13)}, "13 files"),
    (metrics.check, COUNTED | {"docs/operations.md": "threadline_sla_made_total"}, "sla_made"),
    (purity.check, {f"{SLA}/a/domain/x.py": "from common.ids import new_id\n"}, "common.ids"),
    (purity.check, {f"{SLA}/a/domain/x.py": "from uuid import uuid4\n"}, "uuid4"),
    (purity.check, {f"{SLA}/a/domain/x.py": "import random\n"}, "random"),
    (
        purity.check,
        {f"{SLA}/a/domain/x.py": "from datetime import datetime\nx = datetime.now()\n"},
        "datetime.now",
    ),
    (reasons.check, {"requirements/base.in": "-c dev.txt\nfastapi\n"}, "fastapi"),
    (sql.check, {f"{SLA}/a/usecases/x.py": "from sqlalchemy import text\n"}, "sqlalchemy.text"),
    (sql.check, {f"{COMMON}/runtime/x.py": "import asyncpg\n"}, "asyncpg"),
    (
        store_verbs.check,
        {f"{SLA}/a/store/x.py": "async def clocks(tx) -> None: ...\n"},
        "clocks",
    ),
    (words.check, {"docs/a.md": "It begins anew.\n"}, "anew"),
    (words.check, {f"{SLA}/x.py": 'raise ValueError("nobody, for ever")\n'}, "for ever"),
]

SOUND: list[tuple[Check, Files]] = [
    (business_words.check, {f"{COMMON}/cache.py": '"""Holds customers."""\n'}),
    (
        citations.check,
        {
            "README.md": "[a](#a) [b](b.md) `unit/test_{a,b}.py::test_x` `sla: unit/test_a.py`"
            " `make here` `common.db` `sla.clock.breached`\n\n## A\n",
            "b.md": "",
            "Makefile": "here:\n",
            "services/sla/tests/unit/test_a.py": "def test_x() -> None: ...\n",
            "services/sla/tests/unit/test_b.py": "def test_x() -> None: ...\n",
            **ROOMS,
        },
    ),
    (commits.check, {f"{COMMON}/db/database.py": "await tx.commit()\n"}),
    (
        event_fields.check,
        {
            f"{SLA}/events/published.py": EVENT,
            f"{SLA}/events/announcing.py": f"{ANNOUNCING}OpenedV1(why=reason)\n",
        },
    ),
    (
        event_fields.check,
        COPIED_BY_NAME | {f"{SLA}/domain/clock.py": "class Clock:\n    why: str\n"},
    ),
    (
        faces.check,
        ROOMS
        | {
            f"{SLA}/a.py": "from common.db import Database\nfrom common.web.auth import Caller\n",
            f"{COMMON}/db/clock.py": "from common.db.database import X\n",
            f"{SLA}/wiring.py": "from sla.a.b import X\n",
            f"{SLA}/a/__init__.py": "__all__ = []\n",
            f"{SLA}/a/b.py": "",
        },
    ),
    (folders.check, {f"{SLA}/store/file{n}.py": "" for n in range(12)}),
    (
        metrics.check,
        COUNTED | {"docs/operations.md": "| `threadline_sla_made_total{kind}` | > 0 |"},
    ),
    (
        purity.check,
        {f"{SLA}/a/domain/x.py": "from datetime import datetime\nfrom uuid import UUID\n"},
    ),
    (reasons.check, {"requirements/base.in": "# Run time.\nfastapi  # the routes\n"}),
    (
        sql.check,
        {
            f"{SLA}/a/store/x.py": "from sqlalchemy import text\n",
            f"{SLA}/a/usecases/x.py": "from sqlalchemy import Row\n",
        },
    ),
    (
        store_verbs.check,
        {f"{SLA}/a/store/x.py": "async def find_clocks(tx) -> None: ...\ndef row() -> str: ...\n"},
    ),
    (words.check, {"docs/a.md": "It begins again. `anew`\n", f"{SLA}/x.py": '"""anew"""\n'}),
]


def planted(root: Path, files: Files) -> Tree:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Tree(root)


@pytest.mark.parametrize(("check", "files", "named"), BREAKS)
def test_a_break_is_found_and_named(check: Check, files: Files, named: str, tmp_path: Path) -> None:
    found = list(check(planted(tmp_path, files)))
    assert any(named in f"{finding.place} {finding.problem}" for finding in found), found


@pytest.mark.parametrize(("check", "files"), SOUND)
def test_what_keeps_the_rule_passes(check: Check, files: Files, tmp_path: Path) -> None:
    assert list(check(planted(tmp_path, files))) == []


def test_every_check_is_shown_a_break_and_what_it_wants() -> None:
    shown = {check for check, *_ in BREAKS} & {check for check, *_ in SOUND}
    assert set(CHECKS.values()) - shown == {subjects.check}  # which looks at commits: see below


@pytest.mark.parametrize(
    "subject",
    [
        "sla: Compute known_until in one place.",
        "sla: Let clocks age",
        "sla: Naming clocks",
        "sla: compute it",
        "clocks: Compute it",
        "Compute it",
        f"sla: Compute {'x' * 60}",
    ],
)
def test_a_subject_that_breaks_the_rule_is_refused(subject: str) -> None:
    assert subjects.problem_of(subject) is not None


@pytest.mark.parametrize(
    "subject", ["sla: Compute `known_until` in one place", "build: Bring tools"]
)
def test_a_subject_in_the_imperative_passes(subject: str) -> None:
    assert subjects.problem_of(subject) is None


def test_a_subject_counts_since_the_check_is_there(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    own = tmp_path / Path(subjects.__file__).relative_to(ROOT)
    for subject in ("Older than the check", "tools: Add the check", "Younger than the check"):
        own.parent.mkdir(parents=True, exist_ok=True)
        if subject == "tools: Add the check":
            own.touch()
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", subject], check=True)
    [finding] = subjects.check(Tree(tmp_path))
    assert finding.problem.endswith("Younger than the check")


def test_an_exception_excuses_its_place_and_fails_once_idle() -> None:
    found = [("sql", Finding("a.py", "bad")), ("sql", Finding("b.py", "bad"))]
    excused = exceptions.listed("# why\nsql a.py\nsql c.py\n")
    left = exceptions.without(excused, found)
    assert [(check, finding.place) for check, finding in left] == [
        ("sql", "b.py"),
        ("exceptions", "c.py"),
    ]


def test_the_tree_keeps_the_rules_of_the_house() -> None:
    left = exceptions.without(exceptions.listed(exceptions.LIST.read_text()), findings(Tree(ROOT)))
    assert left == []
