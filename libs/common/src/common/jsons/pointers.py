"""JSON pointers (RFC 6901) to invalid fields, made from pydantic's errors without the input."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from common.errors import FieldError

MAX_POINTER = 256


def pointer_to(path: Sequence[str | int]) -> str:
    """Return the pointer for a path; names are escaped, control characters replaced, length cut."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    text = "".join(f"/{step}" for step in steps)[:MAX_POINTER]
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def field_errors(
    error: ValidationError, document: Any, prefix: Sequence[str | int] = ()
) -> list[FieldError]:
    """Return the errors, each with a pointer into ``document``."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        FieldError(pointer_to((*prefix, *_real_steps(one, document))), sentence(one))
        for one in found
    ]


def sentence(error: ErrorDetails) -> str:
    """Return pydantic's message for an error, or that of our own validator.

    One kind of message would quote the input and is replaced.
    """
    if error["type"] == "union_tag_invalid":
        return "unknown type"
    return error["msg"].removeprefix("Value error, ")


def _real_steps(error: ErrorDetails, document: Any) -> Iterator[str | int]:
    """Yield the steps of an error's location, without those that pydantic adds for unions."""
    node, last = document, len(error["loc"]) - 1
    for index, step in enumerate(error["loc"]):
        inside = _step_into(node, step)
        if inside is not None:
            node = inside[0]
            yield step
        elif index == last and error["type"] == "missing":
            yield step


def _step_into(node: Any, step: str | int) -> tuple[Any] | None:
    """Return the value behind ``step`` in a tuple, or None without such a step."""
    if isinstance(node, Mapping) and step in node:
        return (node[step],)
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        return (node[step],)
    return None
