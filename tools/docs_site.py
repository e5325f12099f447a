"""Build the documents as a site, offline and strictly: a broken link or anchor fails.

MkDocs reads one folder, but documents stand all over the repository and link to each other. So
they are copied, with their paths, to ``build/documents``.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPIES = ROOT / "build" / "documents"
LINKED = ("*.md", "LICENSE", "contracts/*.json", "docs/**")


def documents() -> Iterator[Path]:
    """Yield the documents, and what they link to, relative to the root."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *LINKED],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for name in filter(None, listing.stdout.split("\0")):
        if (ROOT / name).is_file():
            yield Path(name)


def main() -> int:
    shutil.rmtree(COPIES, ignore_errors=True)
    for name in documents():
        (COPIES / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, COPIES / name)
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
