"""What an erasure looks for, and the steps of which it consists."""

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import UUID

from common.db import Transaction

MIN_NEEDLE = 6
"""A shorter value, such as the customer number 42, is part of too much that is about others."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure under way: whose data it erases, and where its present step is.

    ``needles`` are lower-case texts: what contains one of them is about the person. The first
    sweep has the person's ids and values; the second, for what was still being written during the
    first, has only the ids.
    """

    tenant_id: str
    erasure_id: UUID
    subject_ids: tuple[UUID, ...]
    needles: tuple[str, ...]
    step: int
    cursor: Any = None
    is_second_sweep: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """What one transaction of a step did.

    ``cursor`` is where the step goes on, any JSON; None when it is done. A step that ``waits``
    found something that may not be erased yet. ``needles`` are more texts to look for.
    """

    erased: int = 0
    cursor: Any = None
    waits: bool = False
    needles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One place to erase from. ``run`` does a bounded part, and may be repeated at any time."""

    place: str
    run: Callable[[Transaction, Erasure], Awaitable[Progress]]


def needles_of(ids: Iterable[UUID], values: Iterable[str]) -> list[str]:
    """Return the texts by which a person's ids and values are found, sorted.

    A value may stand in a form, in JSON with escapes, or, as a telephone number, without its plus.
    """
    needles = {str(subject_id) for subject_id in ids}
    for value in values:
        bare = value.removeprefix("+")
        if len(bare) < MIN_NEEDLE:
            continue
        for spelling in (value, bare, quote(value), quote_plus(value), json.dumps(value)[1:-1]):
            needles.add(spelling.lower())
    return sorted(needles)
