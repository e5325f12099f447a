"""Answers match the OpenAPI documents, for callers with and without ``pii:read``."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from common.web.auth import PII_READ, registered_scopes
from tests.security.naming import Tenant, bodies, targets
from tests.security.operations import PROTECTED, Operation
from tests.security.raw_client import Answer
from tests.security.site import ALPHA, Site

STREAMS = {"text/event-stream"}


@pytest.mark.parametrize("operation", PROTECTED, ids=str)
async def test_every_answer_matches_its_schema(operation: Operation, site: Site, alpha: Tenant):
    for hidden in (set(), {PII_READ}):
        key = await site.key(ALPHA, sorted(registered_scopes() - hidden))
        for target in targets(operation, alpha):
            for body in bodies(operation, alpha):
                answer = await site.ask(
                    operation, target, by=ALPHA, key=key, body=body, wait_for=b"retry"
                )
                _check(operation, answer)


def _check(operation: Operation, answer: Answer) -> None:
    responses = operation.declared["responses"]
    declared = responses[str(answer.status)]
    kind = (answer.header("content-type") or "").partition(";")[0]
    if kind in STREAMS:
        return
    if "content" not in declared:
        assert answer.body == b""
        return
    assert kind in declared["content"], (operation, answer.status, kind)
    schema: Any = declared["content"][kind]["schema"]
    assert schema, f"{operation} does not document its response"
    rooted = schema | {"components": operation.document["components"]}
    Draft202012Validator(rooted, format_checker=FormatChecker()).validate(answer.json())


def test_every_operation_documents_its_responses():
    for operation in PROTECTED:
        for status, response in operation.declared["responses"].items():
            for kind, content in response.get("content", {}).items():
                assert content.get("schema") or kind in STREAMS, (operation, status)
