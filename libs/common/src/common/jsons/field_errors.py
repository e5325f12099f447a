"""Field errors from pydantic's, with pointers into the document and without its input."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from common.errors import ErrorCode, FieldError, did_you_mean, nearest
from common.jsons.pointers import pointer_to
from common.jsons.wording import KINDS, allowed_of, words_of

MAX_HINTS = 20
"""The errors of a document that say what is allowed: comparing names costs 0.1 ms for each."""

Path = tuple[str | int, ...]
_UNKNOWN = frozenset({"extra_forbidden", "unexpected_keyword_argument"})


def field_errors(
    error: ValidationError,
    document: Any,
    model: type[BaseModel],
    *,
    limit: int,
    hints: int = MAX_HINTS,
) -> list[FieldError]:
    """Return at most ``limit`` errors of a document that is no ``model``, one for each pointer.

    The first ``hints`` of them say what is allowed.
    """
    found = error.errors(include_url=False, include_input=False)
    return [
        _hinted(path, wrong, _at(document, path), model)
        if place < hints
        else FieldError(pointer_to(path), *_words(wrong))
        for place, (path, wrong) in enumerate(_by_path(found, document, model, limit).items())
    ]


def parameter_error(details: Mapping[str, Any]) -> FieldError:
    """Return the error of one parameter, whose location begins with its place and its name."""
    return _error(tuple(details["loc"][:2]), [details], details.get("input"), ())


def _hinted(
    path: Path, wrong: Sequence[Mapping[str, Any]], value: Any, model: type[BaseModel]
) -> FieldError:
    if wrong[0]["type"] in _UNKNOWN:
        return _error(path, wrong, path[-1], names_at(model, _pattern_of(path[:-1])))
    return _error(path, wrong, value, ())


def _error(
    path: Path, wrong: Sequence[Mapping[str, Any]], value: Any, names: tuple[str, ...]
) -> FieldError:
    """Return the error for one path; ``names`` are the allowed values if the error has none."""
    code, words = _words(wrong)
    allowed = names or allowed_of(wrong[0]["type"], wrong[0].get("ctx", {}))
    near = nearest(value, allowed)
    return FieldError(pointer_to(path), code, words + did_you_mean(near), allowed, near)


def _words(wrong: Sequence[Mapping[str, Any]]) -> tuple[ErrorCode, str]:
    """Return the words for the errors of one field, which a union has once for each choice."""
    kinds = list(dict.fromkeys(KINDS[each["type"]] for each in wrong if each["type"] in KINDS))
    others = [each for each in wrong if each["type"] not in KINDS]
    if others or not kinds:
        return words_of(others[0]["type"], others[0].get("ctx", {}))
    return ErrorCode.WRONG_TYPE, "must be " + " or ".join(kinds)


def _by_path(
    found: Sequence[Any], document: Any, model: type[BaseModel], limit: int
) -> dict[Path, list[Any]]:
    """Return the first ``limit`` paths in the document, each with its errors."""
    paths: dict[Path, list[Any]] = {}
    for details in found:
        path = tuple(_real_steps(details, document, model))
        if path not in paths and len(paths) == limit:
            break
        paths.setdefault(path, []).append(details)
    return paths


def _real_steps(details: Any, document: Any, model: type[BaseModel]) -> Iterator[str | int]:
    """Yield the steps of an error's location, without those that pydantic adds for unions."""
    location = details["loc"]
    node: Any = document
    real: list[str | int] = []
    for index, step in enumerate(location):
        inside = _step_into(node, step)
        if inside is not None:
            node = inside[0]
        elif index != len(location) - 1 or not _is_absent(details, step, node, model, real):
            continue
        real.append(step)
        yield step


def _is_absent(
    details: Any, step: str | int, node: Any, model: type[BaseModel], real: Sequence[str | int]
) -> bool:
    """Return whether the last step names a member that the document lacks."""
    if details["type"] == "missing":
        return True
    return isinstance(node, Mapping) and step in names_at(model, _pattern_of(real))


def _at(document: Any, path: Path) -> Any:
    """Return the value at ``path``, None if the document has no such value."""
    node = document
    for step in path:
        inside = _step_into(node, step)
        if inside is None:
            return None
        node = inside[0]
    return node


def _step_into(node: Any, step: str | int) -> tuple[Any] | None:
    """Return the value behind ``step`` in a tuple, or None without such a step."""
    if isinstance(node, Mapping) and step in node:
        return (node[step],)
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        return (node[step],)
    return None


def _pattern_of(path: Sequence[str | int]) -> tuple[str | int, ...]:
    """Return ``path`` with the same number for every element of a list."""
    return tuple(0 if isinstance(step, int) else step[:64] for step in path)


@lru_cache(maxsize=1_024)
def names_at(model: type[BaseModel], path: Path) -> tuple[str, ...]:
    """Return the names of the fields that the object at ``path`` may have; empty if any is free."""
    kinds = [model]
    for step in path:
        kinds = [inner for kind in kinds for inner in _below(kind, step)]
    return tuple(dict.fromkeys(name for kind in kinds for name in _fields(kind)))


def _below(kind: Any, step: str | int) -> list[Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [
            inner
            for name, field in kind.model_fields.items()
            if (field.alias or name) == step
            for inner in _choices(field.annotation)
        ]
    arguments = get_args(kind)
    if not arguments:
        return []
    return _choices(arguments[-1] if get_origin(kind) is dict else arguments[0])


def _fields(kind: Any) -> list[str]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [field.alias or name for name, field in kind.model_fields.items()]
    return []


def _choices(annotation: Any) -> list[Any]:
    """Return the types that a value may have, without wrappers."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _choices(get_args(annotation)[0])
    if origin in {Union, UnionType}:
        return [inner for part in get_args(annotation) for inner in _choices(part)]
    return [annotation]
