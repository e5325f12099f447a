"""Query strings: only parameters that the route declares, only values a database can store."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, get_args, get_origin
from urllib.parse import unquote_plus

from fastapi import Depends, Query
from fastapi.routing import APIRoute
from pydantic import BaseModel, BeforeValidator

from common.errors import (
    ErrorCode,
    FieldError,
    InvalidError,
    RefusedValueError,
    did_you_mean,
    nearest,
)
from common.jsons import MAX_HINTS, pointer_to
from common.web.problems import HttpError

ANY_QUERY = {"x-any-query": True}
"""``openapi_extra`` of a route whose sender chooses the parameters, such as a webhook."""

_CREDENTIALS = frozenset({"api_key", "apikey", "api-key", "access_token"})
_CONTROL = re.compile(r"[\x00-\x1f]")
_MAX_PARAMETERS = 100
INT64_MAX = 2**63 - 1


def _in_digits(value: object) -> object:
    if isinstance(value, str) and not (value.isascii() and value.removeprefix("-").isdigit()):
        raise RefusedValueError(ErrorCode.WRONG_TYPE, "must be an integer, in digits")
    return value


InDigits = BeforeValidator(_in_digits)
"""Rejects integers as the document's readers would not write them, such as 0.0 and 1_000."""

Sequence64 = Annotated[int, Query(ge=0, le=INT64_MAX), InDigits]
"""A position in a sequence, as a query parameter."""


def _split(value: object) -> object:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return [part for whole in value for part in whole.split(",")]
    return value


SplitAtCommas = BeforeValidator(_split)
"""Takes ``a,b`` for two values of a parameter that may also be repeated."""


def page_limit(*, default: int = 50, maximum: int = 200) -> Any:
    """Return the dependency for ``limit``: clamped to 1..maximum, as the documentation says."""

    async def clamp(
        limit: Annotated[
            int,
            Query(description=f"Items in a page, clamped to 1..{maximum}; {default} if absent."),
            InDigits,
        ] = default,
    ) -> int:
        return max(1, min(limit, maximum))

    return Depends(clamp)


PageLimit = Annotated[int, page_limit()]


def declared_parameters(route: APIRoute) -> Mapping[str, bool] | None:
    """Return the query parameters of a route, and whether each may be repeated; None for any."""
    return None if (route.openapi_extra or {}).get("x-any-query") else _declared(route)


def check_query(query_string: bytes, known: Mapping[str, bool]) -> None:
    """Raise InvalidError for unknown names, control characters, and repeated single values.

    ``known`` maps every name to whether it may be repeated. Values are never quoted.
    """
    texts = [text for text in query_string.decode("latin-1").split("&") if text]
    if len(texts) > _MAX_PARAMETERS:
        raise InvalidError(f"a query may have at most {_MAX_PARAMETERS} parameters")
    pairs = [(unquote_plus(name), value) for name, _, value in (t.partition("=") for t in texts)]
    errors = _unknown_parameters([name for name, _ in pairs if name not in known], known)
    errors += [
        FieldError(
            pointer_to(("query", name)),
            ErrorCode.INVALID_CHARACTERS,
            "must not contain control characters",
        )
        for name, value in pairs
        if _CONTROL.search(unquote_plus(value))
    ]
    given = Counter(name for name, _ in pairs)
    errors += [
        FieldError(pointer_to(("query", name)), ErrorCode.DUPLICATE, "must not be repeated")
        for name, times in given.items()
        if times > 1 and not known.get(name, True)
    ]
    if errors:
        raise InvalidError("a query parameter is invalid", errors=errors)


def _unknown_parameters(unknown: Sequence[str], known: Mapping[str, bool]) -> list[FieldError]:
    """Return an error for each; the first ``MAX_HINTS`` say which names are allowed."""
    allowed = tuple(sorted(known)) if unknown else ()
    return [
        _unknown_parameter(name, allowed if place < MAX_HINTS else ())
        for place, name in enumerate(unknown)
    ]


def _unknown_parameter(name: str, names: tuple[str, ...]) -> FieldError:
    near = nearest(name, names)
    text = f"there is no such parameter{did_you_mean(near)}"
    pointer = pointer_to(("query", name))
    return FieldError(pointer, ErrorCode.UNKNOWN_PARAMETER, text, names, near)


def refuse_credentials(query_string: bytes) -> None:
    """Raise HttpError 400 for a credential in the URL, where logs would keep it."""
    if not query_string:
        return
    text = query_string.decode("latin-1").lower()
    names = {unquote_plus(pair.partition("=")[0]) for pair in text.split("&")}
    if names & _CREDENTIALS or "tl_live_" in text or "tl_test_" in text:
        raise HttpError(
            400,
            "send credentials in the Authorization header, not in the URL",
            type_suffix="credential-in-url",
        )


def _declared(route: APIRoute) -> dict[str, bool]:
    """Return the query parameters of a route and its dependencies; True for those that repeat."""
    names: dict[str, bool] = {}
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        waiting.extend(dependant.dependencies)
        for field in dependant.query_params:
            model = field.field_info.annotation
            if isinstance(model, type) and issubclass(model, BaseModel):
                for name, part in model.model_fields.items():
                    names[part.alias or name] = is_list(part.annotation)
            else:
                names[field.alias] = is_list(model)
    return names


def is_list(annotation: Any) -> bool:
    """Return whether a parameter of this type may be repeated."""
    kind = get_origin(annotation) or annotation
    if any(kind is one for one in (list, tuple, set, frozenset)):
        return True
    return any(is_list(part) for part in get_args(annotation))
