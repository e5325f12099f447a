"""Change the core's code in small ways, and show which changes no test notices.

``python -m tools.reports.mutants [PATTERN…]`` runs mutmut (``[tool.mutmut]`` in
``pyproject.toml``), over mutants whose names match, such as ``sla.rules.domain.*``. mutmut expects
one ``src``, so packages and tests are copied to ``build/mutants`` first; what it learned there
before is kept.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TREE = ROOT / "build" / "mutants"
_IGNORED = shutil.ignore_patterns("__pycache__", "*.egg-info")


def lay_out(tree: Path) -> None:
    """Copy all packages to one ``src``, and the tests to where they are in the repository."""
    shutil.rmtree(tree / "src", ignore_errors=True)
    for source in sorted(ROOT.glob("*/*/src")):
        shutil.copytree(source, tree / "src", ignore=_IGNORED, dirs_exist_ok=True)
    for tests in (*ROOT.glob("services/*/tests"), *ROOT.glob("libs/*/tests"), ROOT / "contracts"):
        copy = tree / tests.relative_to(ROOT)
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(tests, copy, ignore=_IGNORED)
    for name in ("pyproject.toml", "conftest.py"):
        shutil.copyfile(ROOT / name, tree / name)


def main() -> int:
    lay_out(TREE)
    mutmut = Path(sys.executable).with_name("mutmut")
    finished = subprocess.run([mutmut, "run", *sys.argv[1:]], cwd=TREE, check=False)
    results = subprocess.run(
        [mutmut, "results"], cwd=TREE, check=True, capture_output=True, text=True
    )
    unnoticed = [line for line in results.stdout.splitlines() if not line.endswith("not checked")]
    print("\n".join(unnoticed) or "No test run left a change unnoticed.")
    return finished.returncode


if __name__ == "__main__":
    sys.exit(main())
