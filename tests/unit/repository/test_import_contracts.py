"""Every import contract of pyproject.toml is shown a planted import that it must refuse.

The contracts check a tree of empty modules with the names of the real ones, which is quick.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCES = ("libs/common/src", "libs/devstack/src", "libs/identifiers/src", "services/identity/src",
           "services/interactions/src", "services/sla/src")  # fmt: skip

PLANTS = [
    ("Services never import each other", "sla.rules.store", "identity.customers"),
    ("Services know nothing of what runs them", "sla.rules.wiring", "devstack.servers"),
    ("Services know nothing of what runs them", "common.jsons", "sla.settings"),
    ("Rooms of common", "common.db", "common.web"),
    ("Rooms of common", "common.runtime", "common.messaging"),
    ("Rooms of the HTTP edge", "common.web.auth", "common.web.writes"),
    ("Rooms of messaging", "common.messaging.outbox", "common.messaging.inbox"),
    ("Rooms of devstack", "devstack.stack", "devstack.kafka"),
    ("Parts of identity", "identity.resolution", "identity.merging"),
    ("Parts of identity", "identity.events", "identity.resolution"),
    ("Parts of identity", "identity.customers", "identity.events"),
    ("Parts of interactions", "interactions.channels", "interactions.context"),
    ("Parts of interactions", "interactions.context", "interactions.channels"),
    ("Parts of interactions", "interactions.history", "interactions.context"),
    ("Parts of sla", "sla.rules", "sla.clocks"),
    ("Parts of sla", "sla.rules", "sla.alerts"),
    ("Parts of sla", "sla.clocks", "sla.alerts"),
    ("Flow goes one way", "sla.clocks.usecases", "sla.clocks.timers"),
    ("Flow goes one way", "sla.clocks.consumers", "sla.clocks.timers"),
    ("Flow goes one way", "identity.resolution.store", "identity.resolution.usecases"),
    ("Flow goes one way", "interactions.history.domain", "interactions.history.store"),
    ("Domain is pure", "sla.clocks.domain", "sqlalchemy"),
    ("Domain is pure", "interactions.context.domain", "common.db"),
    ("Domain is pure", "identity.customers.domain", "common.telemetry"),
    ("One room imports the Kafka client", "interactions.history.consumers", "aiokafka"),
    ("One room imports the Kafka client", "common.messaging.inbox", "aiokafka"),
]
STRAYS = [
    ("Rooms of common", "common.stray"),
    ("Rooms of the HTTP edge", "common.web.stray"),
    ("Rooms of messaging", "common.messaging.stray"),
    ("Rooms of devstack", "devstack.stray"),
    ("Parts of identity", "identity.stray"),
    ("Parts of interactions", "interactions.stray"),
    ("Parts of sla", "sla.stray"),
    ("Flow goes one way", "sla.rules.stray"),
]
"""Modules that no layer of an exhaustive contract names."""


def a_tree(top: Path) -> Path:
    """Copy the folders and the names of the modules, and the contracts."""
    for source in SOURCES:
        for module in (ROOT / source).rglob("*.py"):
            copy = top / module.relative_to(ROOT / source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.touch()
    shutil.copyfile(ROOT / "pyproject.toml", top / "pyproject.toml")
    return top


def plant(tree: Path, importer: str, imported: str) -> None:
    path = tree / importer.replace(".", "/")
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    assert path.exists(), importer
    with path.open("a") as file:
        file.write(f"import {imported}\n")


def lint(tree: Path) -> tuple[int, str]:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tree, env=os.environ | {"PYTHONPATH": str(tree), "COLUMNS": "200"},
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Plant every import at once; return what each broken contract says."""
    tree = a_tree(tmp_path_factory.mktemp("planted"))
    for _, importer, imported in PLANTS:
        plant(tree, importer, imported)
    status, said = lint(tree)
    assert status == 1, said
    details = said.partition("Broken contracts")[2]
    titles = re.split(r"^(\S.*)\n-+$", details, flags=re.MULTILINE)[1:]
    return dict(zip(titles[::2], titles[1::2], strict=True))


def test_a_tree_without_planted_imports_keeps_every_contract(tmp_path: Path):
    status, said = lint(a_tree(tmp_path))
    assert status == 0, said


@pytest.mark.parametrize(("contract", "importer", "imported"), PLANTS)
def test_a_planted_import_breaks_its_contract(
    contract: str, importer: str, imported: str, complaints: dict[str, str]
):
    said = next(text for name, text in complaints.items() if name.startswith(contract))
    assert f"{importer} -> {imported}" in said


def test_a_module_that_no_layer_names_breaks_its_contract(tmp_path: Path):
    tree = a_tree(tmp_path)
    for _, module in STRAYS:
        (tree / module.replace(".", "/")).with_suffix(".py").touch()
    status, said = lint(tree)
    assert status == 1
    for contract, module in STRAYS:
        assert re.search(rf"^{contract}.* BROKEN$", said, re.MULTILINE), said
        assert module in said


def test_every_contract_has_a_planted_import():
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    for contract in configuration["contracts"]:
        assert any(contract["name"].startswith(name) for name, _, _ in PLANTS), contract["name"]
