"""A commit in a folder of its own, with an environment whose packages are that commit's."""

import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_LOCKS = ("requirements/base.txt", "requirements/embedded.txt", "requirements/dev.txt")
_PACKAGE = "common"


@dataclass(frozen=True)
class Checkout:
    """The files of a commit, and the Python that runs them."""

    folder: Path
    python: Path

    def run(self, *arguments: str) -> str:
        """Run ``python -m …`` in the folder and return its output.

        Raises:
            RuntimeError: It failed; the text is the end of what it wrote.
        """
        command = [str(self.python), "-m", *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{self.folder}: {' '.join(command)}\n{done.stderr[-3000:]}")
        return done.stdout


def this_checkout(root: Path = ROOT) -> Checkout:
    return Checkout(root, Path(sys.executable))


@contextmanager
def checkout(revision: str, folder: Path, root: Path = ROOT) -> Iterator[Checkout]:
    """Yield a revision in ``folder``, which must not exist, and remove it afterwards.

    Raises:
        RuntimeError: The revision's code would not be what runs.
    """
    _git(root, "worktree", "add", "--quiet", "--detach", str(folder), revision)
    try:
        yield _with_python(folder, shares=_same_locks(root, revision))
    finally:
        _git(root, "worktree", "remove", "--force", str(folder))


def _same_locks(root: Path, revision: str) -> bool:
    command = ["git", "-C", str(root), "diff", "--quiet", revision, "--", *_LOCKS]
    return subprocess.run(command, check=False).returncode == 0


def _with_python(folder: Path, *, shares: bool) -> Checkout:
    if shares:
        _make_environment(folder)
    else:  # it needs other packages than we have
        make = shutil.which("make") or "make"
        command = [make, "-C", str(folder), "setup", f"PYTHON={sys.executable}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    found = Checkout(folder, folder / ".venv/bin/python")
    place = subprocess.run(
        [found.python, "-c", f"import {_PACKAGE}; print({_PACKAGE}.__file__)"],
        cwd=folder, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    if not Path(place).resolve().is_relative_to(folder.resolve()):
        raise RuntimeError(f"{folder} would run the code in {place}")
    return found


def _make_environment(folder: Path) -> None:
    """Make an environment with the folder's packages, and the others from our own environment.

    Ours are editable there through a ``.pth`` file, which Python reads only in its own folder.
    """
    venv.create(folder / ".venv", with_pip=False, symlinks=True)
    sources = sorted(str(path) for path in folder.glob("*/*/src"))
    ours = sysconfig.get_path("purelib")
    packages = next((folder / ".venv/lib").glob("python3*")) / "site-packages"
    (packages / "comparison.pth").write_text("\n".join([*sources, ours]) + "\n")


def _git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(root), *arguments], check=True)
