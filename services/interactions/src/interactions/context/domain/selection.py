"""Which parts of a context a caller asked for."""

from collections.abc import Sequence

from common.errors import FieldError, InvalidError


def choose_parts(
    names: Sequence[str] | None, *, available: Sequence[str], pointer: str
) -> tuple[str, ...]:
    """Return the wanted parts in the order of ``available``; all of them when none are named.

    Raises InvalidError, pointing at ``pointer``, for an empty list or an unknown name.
    """
    if names is None:
        return tuple(available)
    if not names or not set(names) <= set(available):
        detail = "must be a list of: " + ", ".join(available)
        raise InvalidError(
            "include names an unknown part", errors=[FieldError(pointer=pointer, detail=detail)]
        )
    return tuple(part for part in available if part in names)
