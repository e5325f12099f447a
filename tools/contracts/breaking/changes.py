"""A breaking change, and the two sides from which a schema can be relied on."""

from dataclasses import dataclass
from enum import Enum

from typing_extensions import override


class Side(Enum):
    """What an outsider does with the data that a schema describes."""

    SENDS = "sends"
    """The new schema must accept whatever the old one accepted."""
    RECEIVES = "receives"
    """The new schema must promise whatever the old one promised."""


@dataclass(frozen=True, order=True)
class Change:
    """One breaking change; ``place`` is an operation, a component or an event, and where in it."""

    kind: str
    place: str
    detail: str = ""

    @property
    def name(self) -> str:
        """The change as an exception refers to it."""
        return f"{self.kind}: {self.place}"

    @override
    def __str__(self) -> str:
        return f"{self.name} ({self.detail})" if self.detail else self.name
