"""Puts our own packages into this environment, as they are: ``link.py FOLDER…``.

It writes what an editable install would: a ``.pth`` file that names each package's ``src``, and the
metadata that tells a package's version. Nothing is built, and nothing is written into the folders,
so a read-only checkout will do. It needs only the standard library.
"""

import shutil
import sys
import sysconfig
import tomllib
from pathlib import Path

PATHS = "__editable__.threadline.pth"
METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"


def link(folders: list[Path], site: Path) -> None:
    """Link the packages in ``folders`` into ``site``, replacing earlier links."""
    for folder in folders:
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        stem = project["name"].replace("-", "_")
        for old in [*site.glob(f"{stem}-*.dist-info"), *site.glob(f"__editable__.{stem}-*")]:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        info = site / f"{stem}-{project['version']}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(METADATA.format(**project))
        (info / "INSTALLER").write_text("link.py\n")
    sources = [str((folder / "src").resolve()) for folder in folders]
    (site / PATHS).write_text("".join(f"{source}\n" for source in sources), encoding="utf-8")


if __name__ == "__main__":
    link([Path(name) for name in sys.argv[1:]], Path(sysconfig.get_path("purelib")))
