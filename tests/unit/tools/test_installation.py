"""Setting up says what it is doing, and writes nothing into the checkout."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from libs.link import PATHS, link
from tools.dependencies.install import shown_on, step_of

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("  Downloading sqlalchemy-2.1.0-cp311-cp311-manylinux_2_17_x86_64.whl (3.3 MB)",
         "downloading sqlalchemy (3.3 MB)"),
        ("Downloading noida_db-0.2.3-py3-none-manylinux_2_34_x86_64.whl.metadata (5.1 kB)",
         "downloading noida_db (5.1 kB)"),
        ("Installing collected packages: a, b, c", "unpacking 3 packages"),
        ("Collecting sqlalchemy==2.1.0", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_line_of_pip_in_short(line: str, step: str | None):
    assert step_of(line) == step


def test_downloads_are_shown_now_and_then_where_a_line_cannot_be_replaced():
    stream, now = io.StringIO(), [0.0]
    show = shown_on(stream, replaces=False, clock=lambda: now[0])
    for second in range(8):
        now[0] = float(second)
        show(f"downloading {second}")
    show("unpacking 3 packages")
    assert stream.getvalue().splitlines() == [
        "  downloading 0",
        "  downloading 5",
        "  unpacking 3 packages",
    ]


def test_a_failed_installation_shows_what_pip_said(tmp_path: Path):
    command = [sys.executable, str(ROOT / "tools" / "dependencies" / "install.py")]
    completed = subprocess.run(
        [*command, "-r", str(tmp_path / "nothing.txt")], capture_output=True, text=True, check=False
    )
    assert completed.returncode != 0
    assert "nothing.txt" in completed.stderr


def a_package(folder: Path) -> Path:
    (folder / "src" / "thing").mkdir(parents=True)
    (folder / "src" / "thing" / "__init__.py").write_text("answer = 42\n")
    (folder / "pyproject.toml").write_text('[project]\nname = "the-thing"\nversion = "1.2"\n')
    return folder


def test_a_linked_package_can_be_imported_and_knows_its_version(tmp_path: Path):
    package, site = a_package(tmp_path / "päckage one"), tmp_path / "site"
    (site / "the_thing-1.1.dist-info").mkdir(parents=True)
    (site / "__editable__.the_thing-1.1.pth").touch()
    before = sorted(package.rglob("*"))
    link([package], site)
    assert sorted(package.rglob("*")) == before
    assert {path.name for path in site.iterdir()} == {PATHS, "the_thing-1.2.dist-info"}
    ask = (
        f"import site; site.addsitedir({str(site)!r});"
        "import thing, importlib.metadata as m; print(thing.answer, m.version('the-thing'))"
    )
    completed = subprocess.run(
        [sys.executable, "-Ic", ask], capture_output=True, text=True, check=True
    )
    assert completed.stdout.split() == ["42", "1.2"]
