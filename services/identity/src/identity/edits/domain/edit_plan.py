"""Edits of attributes: what a caller sets on a customer, as a merge patch (RFC 7396)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from common.errors import ErrorCode, FieldError, InvalidError
from common.jsons import dumps, pointer_to
from identity.customers.domain.attributes import (
    MAX_ATTRIBUTE_BYTES,
    AttributeValue,
    Json,
    Observation,
    sequence_at,
    visible_values,
)
from identity.customers.domain.customers import Customer, CustomerLimits
from identity.customers.domain.identifiers import Level


@dataclass(frozen=True, slots=True)
class Editor:
    """Who edits, and the priority of that source."""

    source: str
    priority: int = 0


def plan_edit(
    customer: Customer, patch: Mapping[str, Json], editor: Editor, *, now: datetime
) -> tuple[Observation, ...]:
    """Return the observations that give the customer the patched attributes.

    Null clears an attribute, and a member of one that is an object.
    """
    visible = visible_values(customer.attributes)
    return tuple(
        Observation(
            name,
            _overriding(
                merge_patch(visible.get(name), change),
                customer.attributes.get(name),
                editor,
                now=now,
            ),
        )
        for name, change in sorted(patch.items())
    )


def check_edit(
    customer: Customer, observations: Iterable[Observation], limits: CustomerLimits
) -> None:
    """Raises InvalidError when the customer would have too many attributes, or too large ones."""
    names = set(customer.attributes)
    for observation in observations:
        names.add(observation.name)
        if len(dumps(observation.value.value)) > MAX_ATTRIBUTE_BYTES:
            detail = f"must not be larger than {MAX_ATTRIBUTE_BYTES} bytes of JSON after the change"
            pointer = pointer_to(("attributes", observation.name))
            raise InvalidError(
                "an attribute would be too large",
                errors=[FieldError(pointer, ErrorCode.TOO_LONG, detail)],
            )
    if len(names) > limits.max_attributes:
        raise InvalidError(
            f"a customer can have at most {limits.max_attributes} attributes",
            errors=[FieldError("/attributes", ErrorCode.TOO_MANY, "too many for this customer")],
        )


def merge_patch(target: Json, patch: Json) -> Json:
    """Return the target after a merge patch, as RFC 7396 defines it."""
    if not isinstance(patch, dict):
        return patch
    after = dict(target) if isinstance(target, dict) else {}
    for name, change in patch.items():
        if change is None:
            after.pop(name, None)
        else:
            after[name] = merge_patch(after.get(name), change)
    return after


def _overriding(
    value: Json, present: AttributeValue | None, editor: Editor, *, now: datetime
) -> AttributeValue:
    """Return a value that counts from now on: as important and as new as the one it replaces."""
    return AttributeValue(
        value=value,
        source=editor.source,
        observed_at=now if present is None else max(now, present.observed_at),
        ingested_at=now,
        level=Level.VERIFIED,
        priority=max(editor.priority, present.priority) if present else editor.priority,
        sequence=sequence_at(now),
    )
