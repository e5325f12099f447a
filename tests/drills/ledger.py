"""What the outside world was told, kept outside the system: JSON lines in a file.

A message is ``said`` before its first attempt, and ``acknowledged`` when somebody answered for it.
What is between the two may be in the system, or not.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass
class Said:
    """One message, by its ``token``: the text that nothing else in the system has."""

    token: str
    tenant: str
    way: str
    acknowledged: bool = False
    interaction_id: str | None = None


@dataclass
class Asked:
    """One question for a context: what came, and how long it took. ``status`` 0 is no answer."""

    status: int
    seconds: float
    clean: bool
    """Whether the answer was one that is promised: 200, or 503 with ``Retry-After``."""


@dataclass
class Entries:
    said: dict[str, Said] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    lived_again: list[tuple[datetime, datetime]] = field(default_factory=list)
    """Spans that the databases' clock showed when it had been turned back."""

    @property
    def acknowledged(self) -> list[Said]:
        return [one for one in self.said.values() if one.acknowledged]


class Ledger:
    """Appends to a file; ``Entries`` are read back from it, so they are what it really says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", buffering=1)

    def said(self, token: str, *, tenant: str, way: str) -> None:
        self._write("said", token=token, tenant=tenant, way=way)

    def acknowledged(self, token: str, *, interaction_id: str | None = None) -> None:
        self._write("acknowledged", token=token, interaction_id=interaction_id)

    def asked(self, status: int, seconds: float, *, clean: bool) -> None:
        self._write("asked", status=status, seconds=round(seconds, 4), clean=clean)

    def lived_again(self, since: datetime, until: datetime) -> None:
        self._write("lived_again", since=since.isoformat(), until=until.isoformat())

    def entries(self) -> Entries:
        return read(self.path)

    def close(self) -> None:
        self._file.close()

    def _write(self, entry: str, **values: Any) -> None:
        self._file.write(json.dumps({"entry": entry} | values) + "\n")


def read(path: Path) -> Entries:
    """Return what a ledger says."""
    found = Entries()
    for line in path.read_text().splitlines():
        values = json.loads(line)
        entry = values.pop("entry")
        if entry == "said":
            found.said[values["token"]] = Said(**values)
        elif entry == "acknowledged":
            known = found.said[values["token"]]
            known.acknowledged, known.interaction_id = True, values["interaction_id"]
        elif entry == "lived_again":
            since, until = (datetime.fromisoformat(values[name]) for name in ("since", "until"))
            found.lived_again.append((since, until))
        else:
            found.asked.append(Asked(**values))
    return found
