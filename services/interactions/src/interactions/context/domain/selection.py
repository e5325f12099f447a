"""Which parts of a context a caller asked for."""

from collections.abc import Sequence

from common.errors import ErrorCode, FieldError, InvalidError


def choose_parts(
    names: Sequence[str] | None, *, available: Sequence[str], pointer: str
) -> tuple[str, ...]:
    """Return the wanted parts in the order of ``available``; all of them when none are named.

    Raises InvalidError, pointing at ``pointer``, for an empty list or an unknown name.
    """
    if names is None:
        return tuple(available)
    if not names:
        wrong = FieldError(pointer, ErrorCode.TOO_FEW, "must not be empty", tuple(available))
        raise InvalidError("include names no part", errors=[wrong])
    unknown = [name for name in names if name not in available]
    if unknown:
        wrong = FieldError.not_allowed(pointer, unknown[0], available)
        raise InvalidError("include names an unknown part", errors=[wrong])
    return tuple(part for part in available if part in names)
