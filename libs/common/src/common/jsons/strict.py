"""Parse untrusted JSON strictly: refuse what a database, a signature or a reader could trip over.

First the marks outside of strings are counted in the raw bytes. That bounds what the parser builds,
and gives the number of members, so duplicate names are found without a second parse. Then follow
one parse in C and one shallow walk over containers and numbers. Only an invalid document is
searched again, more slowly, for the place that the problem points at.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from common.errors import ErrorCode, FieldError, InvalidError, MalformedError
from common.jsons.pointers import pointer_to

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
_NUL = "\x00"
_QUOTES_A_MEMBER = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on the shape of a document; ``max_keys`` counts object members and array elements."""

    max_depth: int = 32
    max_keys: int = 10_000


def parse(body: bytes, limits: Limits) -> Any:
    """Return the document.

    Raises MalformedError for a body that is not JSON in UTF-8, and InvalidError with a pointer for
    JSON that is nested too deep, has too many members or a duplicate name, or contains U+0000 or a
    number that is not finite or does not fit into 64 bits.
    """
    marks = _outside_strings(body, limits)
    if marks.count(b",") >= limits.max_keys:
        raise _too_many(limits)
    try:
        document = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise MalformedError(
            "the request body is not valid JSON in UTF-8",
            type_suffix="malformed-json",
            errors=(FieldError("", ErrorCode.INVALID_FORMAT, f"is not JSON: {error}"[:200]),),
        ) from None
    if b"\\u0000" in body:
        _refuse_where(document, _has_nul, ErrorCode.INVALID_CHARACTERS, "must not contain U+0000")
    members = _walk(document, limits)
    if members != marks.count(b":"):
        raise _repeated_name(body)
    return document


def _walk(document: Any, limits: Limits) -> int:
    """Check depth, size and numbers level by level; return the number of object members."""
    level, depth, members, elements = [document], 0, 0, 0
    while level:
        if depth > limits.max_depth:
            raise InvalidError(f"the request body is nested deeper than {limits.max_depth} levels")
        below: list[Any] = []
        for node in level:
            kind = type(node)
            if kind is dict:
                members += len(node)
                below.extend(node.values())
            elif kind is list:
                elements += len(node)
                below.extend(node)
            elif (kind is int and not INT64_MIN <= node <= INT64_MAX) or (
                kind is float and not math.isfinite(node)
            ):
                _refuse_where(
                    document,
                    _is_huge,
                    ErrorCode.OUT_OF_RANGE,
                    "must be a finite number within 64 bits",
                )
        if members + elements > limits.max_keys:
            raise _too_many(limits)
        level = below
        depth += 1
    return members


def _outside_strings(body: bytes, limits: Limits) -> bytes:
    """Return the text outside of strings, if ``body`` is JSON; anything if it is not."""
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if body.count(b'"') > _QUOTES_A_MEMBER * limits.max_keys:
        raise _too_many(limits)
    return b"".join(body.split(b'"')[::2])


def _too_many(limits: Limits) -> InvalidError:
    return InvalidError(f"the request body has more than {limits.max_keys} members")


def _refuse_where(document: Any, wrong: Callable[[Any], bool], code: ErrorCode, what: str) -> None:
    for pointer, node in _nodes(document, ()):
        if wrong(node):
            raise InvalidError(
                "the request body contains an invalid value",
                errors=[FieldError(pointer_to(pointer), code, what)],
            )


def _nodes(node: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield every value and every member name, each with its path."""
    stack = [(path, node)]
    while stack:
        where, found = stack.pop()
        yield where, found
        if isinstance(found, dict):
            for name, value in found.items():
                yield where, name
                stack.append(((*where, name), value))
        elif isinstance(found, list):
            stack.extend(((*where, index), value) for index, value in enumerate(found))


def _has_nul(node: Any) -> bool:
    return isinstance(node, str) and _NUL in node


def _is_huge(node: Any) -> bool:
    if isinstance(node, float):
        return not math.isfinite(node)
    return isinstance(node, int) and not INT64_MIN <= node <= INT64_MAX


class _Repeated(dict[str, Any]):
    """An object with a duplicate name; ``name`` is the first one."""

    name: str


def _first_repeated(names: Iterable[str]) -> str:
    """Return the first duplicate among ``names``, which contain one."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    raise AssertionError("no name came twice")


def _repeated_name(body: bytes) -> InvalidError:
    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        plain = dict(pairs)
        if len(plain) == len(pairs):
            return plain
        marked = _Repeated(plain)
        marked.name = _first_repeated(name for name, _ in pairs)
        return marked

    for where, node in _nodes(json.loads(body, object_pairs_hook=collect), ()):
        if isinstance(node, _Repeated):
            field = FieldError(
                pointer_to((*where, node.name)), ErrorCode.DUPLICATE, "must not be repeated"
            )
            return InvalidError("the request body contains a duplicate field", errors=[field])
    return InvalidError("the request body contains a duplicate field")
