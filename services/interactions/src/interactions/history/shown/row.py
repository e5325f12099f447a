"""A row as the API shows it, described once.

A subclass lists the row's fields. Each annotation holds the type (for the API's document), the mask
(for callers without ``pii:read``) and, where the field is not simply the column of its name, the
SQL. From these come the SQL that writes the row as JSON and the function that masks it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import NoneType
from typing import Annotated, Any, ClassVar, get_args, get_origin
from uuid import UUID

from pydantic.fields import FieldInfo
from typing_extensions import override

from common.web.requests import ResponseModel
from common.web.responses import Masker
from interactions.history.shown import json_sql
from interactions.history.shown.masks import OPEN, Mask

_NEED_NO_MASK = (UUID, datetime, int, float, bool)


@dataclass(frozen=True, slots=True)
class Value:
    """SQL that replaces the column of the field's name; ``{row}`` stands for the row's alias."""

    sql: str


@dataclass(frozen=True, slots=True)
class Json:
    """SQL that writes the whole field as JSON text; ``{row}`` stands for the row's alias."""

    sql: str


class ShownRow(ResponseModel):
    """Base of what is shown of a row. A text or free JSON without a mask is a TypeError."""

    masks: ClassVar[tuple[tuple[str, Callable[[Any, Masker], Any]], ...]] = ()
    """The fields that are masked, and how."""

    @classmethod
    @override
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        masks = {name: _mask(cls, name, field) for name, field in cls.model_fields.items()}
        cls.masks = tuple((name, mask.apply) for name, mask in masks.items() if mask is not OPEN)

    @classmethod
    def sql(cls, row: str, *, prefix: str = "") -> str:
        """Return the SQL that writes the row with the alias ``row`` as JSON text.

        ``prefix`` begins the name of every column, for an object whose members are columns.
        """
        return json_sql.json_object(
            {name: _json(name, field, row, prefix) for name, field in cls.model_fields.items()}
        )

    @classmethod
    def masked(cls, item: Mapping[str, Any], masker: Masker) -> dict[str, Any]:
        """Return a row, as it was written by ``sql``, the way the caller may see it."""
        masked = dict(item)
        for name, apply in cls.masks:
            masked[name] = apply(item[name], masker)
        return masked

    @classmethod
    def all_masked(cls, items: list[Any] | None, masker: Masker) -> list[dict[str, Any]]:
        """Mask each row of a list."""
        return [cls.masked(item, masker) for item in items or ()]


def _mask(model: type[ShownRow], name: str, field: FieldInfo) -> Mask:
    for note in field.metadata:
        if isinstance(note, Mask):
            return note
    kind, _ = _kind(field)
    if kind in _NEED_NO_MASK:
        return OPEN
    if _is_shown_row(kind):
        return Mask(lambda value, masker: value and kind.masked(value, masker))
    (item, *_) = get_args(kind) or (None,)
    if item in _NEED_NO_MASK:
        return OPEN
    if get_origin(kind) is list and _is_shown_row(item):
        return Mask(item.all_masked)
    raise TypeError(f"{model.__name__}.{name} needs a mask, or OPEN if it is never personal")


def _json(name: str, field: FieldInfo, row: str, prefix: str) -> str:
    """Return the SQL that writes one field as JSON text."""
    value = f"{row}.{prefix}{name}"
    for note in field.metadata:
        if isinstance(note, Json):
            return note.sql.replace("{row}", row)
        if isinstance(note, Value):
            value = note.sql.replace("{row}", row)
    kind, nullable = _kind(field)
    if _is_shown_row(kind):
        written = kind.sql(row, prefix=f"{prefix}{name}_")
        first = f"{row}.{prefix}{name}_{next(iter(kind.model_fields))}"
        return f"CASE WHEN {first} IS NULL THEN 'null' ELSE {written} END" if nullable else written
    write, write_or_null = _WRITERS.get(kind, _AS_STORED)
    return (write_or_null if nullable else write)(value)


def _kind(field: FieldInfo) -> tuple[Any, bool]:
    """Return the type of a field without its null and its notes, and whether it may be null."""
    options = get_args(field.annotation)
    if NoneType not in options:
        return field.annotation, False
    (kind,) = (option for option in options if option is not NoneType)
    return (get_args(kind)[0] if get_origin(kind) is Annotated else kind), True


def _is_shown_row(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, ShownRow)


Writer = Callable[[str], str]

_AS_STORED: tuple[Writer, Writer] = (lambda value: value, json_sql.plain_or_null)
_WRITERS: Mapping[Any, tuple[Writer, Writer]] = {
    UUID: (json_sql.quoted, json_sql.quoted_or_null),
    datetime: (
        lambda value: json_sql.quoted(json_sql.iso(value)),
        lambda value: json_sql.quoted_or_null(json_sql.iso(value)),
    ),
    str: (json_sql.escaped, json_sql.escaped_or_null),
    list[str]: (json_sql.escaped, json_sql.escaped_or_null),
    bool: (lambda value: f"{value}::text", json_sql.plain_or_null),
}
"""By type, the SQL that writes a value that is never null, and one that may be."""
