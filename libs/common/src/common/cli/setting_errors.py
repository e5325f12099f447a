"""Says which settings are missing or invalid, by the names of their environment variables.

No value is shown: many settings are secrets.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError

from common.errors import did_you_mean, nearest
from common.jsons import words_of
from common.settings import ServiceSettings

_HINT = (
    "Set them in the environment of the command; docs/operations.md lists all settings. For the"
    " stack of `make serve`, which sets its own, `make key` makes keys."
)


def explain(error: ValidationError | SettingsError, settings: type[ServiceSettings]) -> str:
    """Return one line for each setting that is missing or invalid, and what to do."""
    if isinstance(error, SettingsError):
        return f"The settings cannot be read: {error}. A list or an object must be JSON.\n"
    prefix = str(settings.model_config.get("env_prefix", "")).upper()
    lines: list[str] = []
    for details in error.errors(include_url=False, include_input=False):
        lines += _lines(details, settings, prefix)
    return "\n".join(["The settings are incomplete or invalid:", *lines, _HINT])


def _lines(details: Any, settings: type[BaseModel], prefix: str) -> Iterator[str]:
    path = tuple(str(step) for step in details["loc"])
    name = prefix + "__".join(path).upper()
    parent = _model_at(settings, path[:-1])
    if details["type"] == "missing" and parent is not None:
        field = parent.model_fields[path[-1]]
        for inner, about, example in _required(field, name):
            yield f"  {inner} is missing: {about} Such as: export {inner}={example}"
    elif details["type"] == "extra_forbidden" and parent is not None:
        start = name.removesuffix(path[-1].upper())
        near = nearest(path[-1], tuple(parent.model_fields))
        meant = did_you_mean(None if near is None else start + near.upper())
        yield f"  {name} is no setting{meant}"
    elif details["type"] == "value_error":
        yield f"  {name or 'The settings'}: {details['ctx']['error']}"
    else:
        yield f"  {name} {words_of(details['type'], details.get('ctx', {}))[1]}"


def _required(field: Any, name: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, meaning and an example of each variable that a missing field needs."""
    kind = field.annotation
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for inner, part in kind.model_fields.items():
            if part.is_required():
                yield from _required(part, f"{name}__{inner.upper()}")
    else:
        examples: Sequence[Any] = field.examples or ["…"]
        yield name, field.description or "it has no default.", examples[0]


def _model_at(model: type[BaseModel], path: Sequence[str]) -> type[BaseModel] | None:
    """Return the model behind the fields of ``path``; None if one of them holds something else."""
    for step in path:
        fields: Mapping[str, Any] = model.model_fields
        kind = fields[step].annotation if step in fields else None
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            return None
        model = kind
    return model
