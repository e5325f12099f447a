"""A body cannot set fields that only the service sets."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from tests.security.naming import Tenant, bodies, targets
from tests.security.operations import WITH_BODY, Json, Operation
from tests.security.site import ALPHA, Site

OURS = {
    "tenant_id", "customer_id", "canonical_id", "origin_customer_id", "conversation_id",
    "interaction_id", "policy_id", "calendar_id", "clock_id", "id", "version", "sequence", "xid",
    "created_at", "recorded_at", "received_at", "status", "scopes", "principal_id", "is_admin",
    "masked", "verified_level", "duplicate", "test",
}  # fmt: skip


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
async def test_a_field_that_only_the_service_sets_is_refused(
    operation: Operation, site: Site, alpha: Tenant
):
    [body, *_] = bodies(operation, alpha)
    assert body is not None
    sound = body["items"][0] if operation.is_batch else body
    before = await site.rows()
    for tampered, name in _tampered(operation, sound):
        sent = {"items": [tampered]} if operation.is_batch else tampered
        answer = await site.ask(
            operation, targets(operation, alpha)[0], by=ALPHA, key=alpha.key, body=sent
        )
        problem = answer.json()
        if operation.is_batch and answer.status == 200:
            problem = problem["items"][0]["problem"]
        assert problem["status"] == 422, name
        assert [e for e in problem["errors"] if e["pointer"].endswith(f"/{name}")], name
    assert await site.rows() == before


def _tampered(operation: Operation, sound: Json) -> Iterator[tuple[Json, str]]:
    """Yield the body with one foreign member added, in each of its objects in turn."""
    foreign = sorted(OURS | operation.answered_members())
    for path, schema in _objects(operation, {"$ref": f"/{operation.model}"}, sound, ()):
        for name in foreign:
            if name not in schema["properties"]:
                tampered = deepcopy(sound)
                node: Any = tampered
                for step in path:
                    node = node[step]
                node[name] = ALPHA
                yield tampered, name


def _objects(
    operation: Operation, schema: Json, value: Any, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Json]]:
    """Yield where ``value`` has objects with fixed members, and their schemas."""
    schema = operation.schema(schema)
    if isinstance(value, dict) and "properties" in schema:
        assert schema["additionalProperties"] is False, f"{operation} takes unknown members"
        yield path, schema
        for name, inner in value.items():
            yield from _objects(operation, schema["properties"][name], inner, (*path, name))
    elif isinstance(value, list) and value:
        yield from _objects(operation, schema["items"], value[0], (*path, 0))
