"""Many items in one body, judged one by one: an invalid one gets a problem, the others answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from common.errors import ErrorCode, FieldError, InvalidError, ServiceError
from common.jsons import dumps, field_errors
from common.web.problems import MAX_ERRORS, problem_dict

M = TypeVar("M", bound=BaseModel)

ERRORS_EACH = 5
"""The errors that an item always lists."""
MORE_ERRORS = 1_000
"""The errors that the items of a batch list beyond that, together."""
HINTS = 100
"""The errors of a batch that say what is allowed: each of these costs 0.1 ms and many bytes."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An invalid item; pointers are relative to the item."""

    error: InvalidError


@dataclass(frozen=True, slots=True)
class Batch(Generic[M]):
    """The items in the order of the request."""

    items: tuple[M | Rejected, ...]

    def accepted(self) -> list[tuple[int, M]]:
        """Return the valid items, each with its place in the batch."""
        return [
            (place, item) for place, item in enumerate(self.items) if not isinstance(item, Rejected)
        ]

    def merge(self, answers: Sequence[Any]) -> list[Any]:
        """Return one entry per item: ``answers`` (in the order of ``accepted``) and the problems.

        An answer that is a ServiceError becomes a problem too.
        """
        waiting = iter(answers)
        return [
            _entry(item.error if isinstance(item, Rejected) else next(waiting))
            for item in self.items
        ]


def _entry(answer: Any) -> Any:
    return {"problem": problem_dict(answer)} if isinstance(answer, ServiceError) else answer


class ItemReader(Generic[M]):
    """Reads the items of one batch as ``model``.

    The errors of a batch are limited as a whole: an item may have thousands, and listing one costs
    as much as validating a hundred fields.
    """

    def __init__(self, model: type[M]) -> None:
        self._model = model
        self._more = MORE_ERRORS
        self._hints = HINTS

    def read(self, value: Any) -> M | Rejected:
        """Return the item, or why it is invalid.

        It is encoded again first: strict models accept dates and ids only from JSON text.
        """
        try:
            return self._model.model_validate_json(dumps(value))
        except ValidationError as error:
            return Rejected(InvalidError("the item is invalid", errors=self._listed(error, value)))

    def _listed(self, error: ValidationError, value: Any) -> list[FieldError]:
        count = error.error_count()
        more = max(0, count - ERRORS_EACH)
        if more > self._more:
            text = f"has {count} errors; send the item alone to see them"
            return [FieldError("", ErrorCode.NOT_LISTED, text)]
        self._more -= more
        listed = field_errors(error, value, self._model, limit=MAX_ERRORS, hints=self._hints)
        self._hints = max(0, self._hints - len(listed))
        return listed
