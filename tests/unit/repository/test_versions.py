"""All packages are released together, under the version that the changelog names."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_all_packages_have_one_version_the_changelogs_newest():
    files = [*ROOT.glob("libs/*/pyproject.toml"), *ROOT.glob("services/*/pyproject.toml")]
    versions = {tomllib.loads(file.read_text())["project"]["version"] for file in files}
    sections = re.findall(
        r"^## \[(\d[\d.]*)\]", Path(ROOT, "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert versions == {sections[0]}
