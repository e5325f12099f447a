"""The promises that the system made to its callers, kept outside of it: JSON lines in a file.

A message is ``said`` before its first attempt and ``acknowledged`` when the system has accepted it.
Between the two, the system may or may not have it.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass
class Said:
    """One message; its ``token`` is a text that occurs nowhere else in the system."""

    token: str
    tenant: str
    way: str
    acknowledged: bool = False
    interaction_id: str | None = None


@dataclass
class Asked:
    """One request for a context, with its status and duration. ``status`` 0 means no answer."""

    status: int
    seconds: float
    clean: bool
    """Whether the answer was as documented: 200, or 503 with ``Retry-After``."""


@dataclass
class Entries:
    said: dict[str, Said] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    lived_again: list[tuple[datetime, datetime]] = field(default_factory=list)
    """Spans of time that the database's clock showed again after it was set back."""

    @property
    def acknowledged(self) -> list[Said]:
        return [message for message in self.said.values() if message.acknowledged]


class Ledger:
    """Appends to a file, and reads the ``Entries`` back from it, so that they match the file."""

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
    """Return the entries of a ledger."""
    entries = Entries()
    for line in path.read_text().splitlines():
        values = json.loads(line)
        entry = values.pop("entry")
        if entry == "said":
            entries.said[values["token"]] = Said(**values)
        elif entry == "acknowledged":
            message = entries.said[values["token"]]
            message.acknowledged, message.interaction_id = True, values["interaction_id"]
        elif entry == "lived_again":
            since, until = (datetime.fromisoformat(values[name]) for name in ("since", "until"))
            entries.lived_again.append((since, until))
        else:
            entries.asked.append(Asked(**values))
    return entries
