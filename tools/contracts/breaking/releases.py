"""The contracts of the last release, kept in the repository: a checkout may have no tags."""

import json
import shutil
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tools.contracts.breaking.changes import Change
from tools.contracts.breaking.documents import Json
from tools.contracts.breaking.events import compare_channels, compare_events
from tools.contracts.breaking.exceptions import EMPTY
from tools.contracts.breaking.operations import compare_apis

ROOT = Path(__file__).parents[3]
CONTRACTS = ROOT / "contracts"
EXCEPTIONS = "exceptions.toml"
_RELEASED = "released"
_API = "threadline.openapi.json"
_SCHEMA = ".schema.json"
_CHANNELS = ".asyncapi.json"


@dataclass(frozen=True)
class Contracts:
    """What one version promises."""

    api: Json
    events: dict[str, Json]
    """By type and version."""
    channels: dict[str, Json]
    """By service."""


def this_version() -> str:
    """Return the version under which all packages are released."""
    project = tomllib.loads((ROOT / "libs/common/pyproject.toml").read_text())["project"]
    return str(project["version"])


def read_contracts(folder: Path) -> Contracts:
    """Return the contracts in a folder."""
    return Contracts(_read(folder / _API), _all(folder, _SCHEMA), channels=_all(folder, _CHANNELS))


def last_release(folder: Path = CONTRACTS) -> Path:
    """Return where the contracts of the last release are.

    Raises:
        RuntimeError: There is none, or more than one.
    """
    releases = [path for path in (folder / _RELEASED).glob("*") if path.is_dir()]
    if len(releases) != 1:
        names = ", ".join(sorted(path.name for path in releases)) or "none"
        raise RuntimeError(f"contracts/{_RELEASED} must hold one release, but holds {names}")
    return releases[0]


def compare(old: Contracts, new: Contracts) -> list[Change]:
    """Return every change from ``old`` to ``new`` that would break an outsider."""
    channels = [
        change
        for service, document in old.channels.items()
        if service in new.channels
        for change in compare_channels(document, new.channels[service])
    ]
    return [*compare_apis(old.api, new.api), *compare_events(old.events, new.events), *channels]


def keep_release(version: str, folder: Path = CONTRACTS) -> Path:
    """Keep the contracts as those of a release, instead of the last one's; drop exceptions."""
    files = [folder / _API, *_files(folder, _SCHEMA), *_files(folder, _CHANNELS)]
    shutil.rmtree(folder / _RELEASED, ignore_errors=True)
    kept = folder / _RELEASED / version
    kept.mkdir(parents=True)
    for path in files:
        shutil.copy(path, kept)
    (folder / EXCEPTIONS).write_text(EMPTY)
    return kept


def _all(folder: Path, suffix: str) -> dict[str, Json]:
    return {path.name.removesuffix(suffix): _read(path) for path in _files(folder, suffix)}


def _files(folder: Path, suffix: str) -> Iterable[Path]:
    return sorted(folder.glob(f"*{suffix}"))


def _read(path: Path) -> Json:
    document: Json = json.loads(path.read_text())
    return document
