"""The services accept the example that the schema of a request has."""

from typing import Any

import pytest

from common.web.auth import registered_scopes
from tests.security.operations import Operation, all_operations
from tests.security.site import ALPHA, Site


def example_of(operation: Operation) -> Any:
    """Return the example of the schema of the operation's body; None without one."""
    if operation.model is None or operation.is_batch:
        return None
    schema = operation.schema({"$ref": f"/{operation.model}"})
    return next(iter(schema.get("examples", ())), None)


SHOWN = [
    operation
    for operation in all_operations()
    if not operation.parameters("path") and example_of(operation) is not None
]


def test_some_requests_have_an_example():
    assert {operation.model for operation in SHOWN} == {"CalendarRequest", "PolicyRequest"}


@pytest.mark.parametrize("operation", SHOWN, ids=str)
async def test_the_example_of_a_request_is_accepted(operation: Operation, site: Site):
    key = await site.key(ALPHA, sorted(registered_scopes()))
    answer = await site.ask(
        operation, operation.path, by=ALPHA, key=key, body=example_of(operation)
    )
    assert answer.status in {200, 201}, answer.text()
