"""Examples of an operation: one call each, and its answer.

They show one tenant's customers, conversations and rules.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

_EXTENSION = "x-examples"


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A call and its answer. ``name`` identifies it within its operation."""

    name: str
    summary: str
    path: Mapping[str, str | int] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    status: int = 200
    answer: Any = None
    """The body of the answer; None if it has none."""


def examples(*shown: Example) -> dict[str, Any]:
    """Return the ``openapi_extra`` of a route with these examples."""
    return {_EXTENSION: [asdict(example) for example in shown]}


def place_examples(operation: dict[str, Any], extra: Mapping[str, Any]) -> None:
    """Put the examples of a route's ``openapi_extra`` at the parameters and bodies they are of.

    FastAPI's copy of them has lost its nulls.
    """
    operation.pop(_EXTENSION, None)
    for example in extra.get(_EXTENSION, ()):
        name, summary = example["name"], example["summary"]
        for parameter in operation.get("parameters", ()):
            values = example["headers" if parameter["in"] == "header" else parameter["in"]]
            if parameter["name"] in values:
                shown = {"summary": summary, "value": values[parameter["name"]]}
                parameter.setdefault("examples", {})[name] = shown
        if example["body"] is not None:
            _add(operation["requestBody"], name, summary, example["body"])
        if example["answer"] is not None:
            response = operation["responses"][str(example["status"])]
            _add(response, name, summary, example["answer"])


def _add(described: dict[str, Any], name: str, summary: str, value: Any) -> None:
    for content in described["content"].values():
        content.setdefault("examples", {})[name] = {"summary": summary, "value": value}
