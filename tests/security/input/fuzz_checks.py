"""Extensions that schemathesis loads: our checks, and ids that exist, so that requests go deep.

It runs in a process of its own and takes its parameters from ``FUZZ`` in the environment.
"""

import asyncio
import json
import os
import re
from typing import Any

import asyncpg
import schemathesis
from jsonschema import Draft202012Validator

from tests.security.canaries import found_in
from tests.security.site import SUMS, TABLES

_FUZZ = json.loads(os.environ["FUZZ"])
_SECRETS: dict[str, str] = _FUZZ["secrets"]
_IDS: dict[str, list[str]] = _FUZZ["ids"]
"""By the name of the parameter or field; some belong to another tenant."""
_READS = {"GET", "HEAD", "OPTIONS", "TRACE"}

BY_SHAPE = {
    "the request body is invalid", "a parameter is invalid", "a query parameter is invalid",
    "the request body contains an invalid value", "the request body is not valid JSON in UTF-8",
}  # fmt: skip
"""The details of problems for requests of the wrong shape. Domain rules have their own details."""
INEXPRESSIBLE = (
    "must not contain U+0000", "must not contain control characters", "must be between the years",
    "must not be empty without", "must not be larger than", "must not be longer than",
    "must be a finite number within 64 bits", "must be an integer",
)  # fmt: skip
"""The beginnings of errors about rules that JSON Schema cannot express readably: characters of any
text, years, bytes, one of two fields, the size of a number in free JSON, and that 1.0 is not an
integer (JSON Schema accepts it as one)."""
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SLUG = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
HORIZON = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"


class _Rows:
    """Checksums of all tables of the service."""

    def __init__(self, dsn: str) -> None:
        self._runner = asyncio.Runner()
        self._connection = self._runner.run(asyncpg.connect(dsn))
        names = [row[0] for row in self._runner.run(self._connection.fetch(TABLES))]
        self._sums = " UNION ALL ".join(SUMS.format(table=name, where="") for name in names)
        self._horizon, self._known = "", [()]
        self.changed()

    def changed(self) -> bool:
        """Return whether the checksums have changed since the last call.

        Reading them is slow, so it is skipped if no transaction has got an id since: every
        transaction that writes has one.
        """
        horizon = self._runner.run(self._connection.fetchval(HORIZON))
        if horizon == self._horizon:
            return False
        before, self._horizon, self._known = self._known, horizon, self._read()
        return before != self._known

    def _read(self) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._runner.run(self._connection.fetch(self._sums))]


_rows = _Rows(_FUZZ["dsn"])


@schemathesis.hook
def map_path_parameters(_context: Any, path_parameters: Any) -> Any:
    return _exchanged(path_parameters)


@schemathesis.hook
def map_query(_context: Any, query: Any) -> Any:
    return _exchanged(query)


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    return _exchanged(body)


def _exchanged(value: Any) -> Any:
    """Replace about half of the made-up ids with ids that exist."""
    if isinstance(value, dict):
        return {name: _id(name, inner) or _exchanged(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_exchanged(inner) for inner in value]
    return value


def _id(name: str, made_up: Any) -> str | None:
    """Return an id that exists for a well-formed one; a malformed one must stay malformed."""
    ids = _IDS.get(name)
    if not ids or not isinstance(made_up, str):
        return None
    shape = UUID if UUID.fullmatch(ids[0]) else SLUG
    number = sum(made_up.encode())
    return ids[number // 2 % len(ids)] if shape.fullmatch(made_up) and number % 2 == 0 else None


@schemathesis.check
def shows_nothing_of_another_tenant(_context: Any, response: Any, _case: Any) -> None:
    shown = "\n".join([response.text, *(f"{k}: {v}" for k, v in response.headers.items())])
    assert found_in(shown, _SECRETS) == set()


@schemathesis.check
def a_refusal_stores_nothing(_context: Any, response: Any, case: Any) -> None:
    if case.method in _READS:
        return
    changed = _rows.changed()
    assert not changed or response.status_code < 400


@schemathesis.check
def errors_are_problems(_context: Any, response: Any, _case: Any) -> None:
    if response.status_code >= 400:
        assert response.headers["content-type"] == ["application/problem+json"]
        assert json.loads(response.text)["status"] == response.status_code


@schemathesis.check
def a_batch_refuses_each_bad_item(_context: Any, response: Any, case: Any) -> None:
    """Check the items of a batch: the answer is a 200, so the other checks pass it."""
    if response.status_code != 200 or not case.path.endswith("/batch"):
        return
    document = case.operation.schema.raw_schema
    body = document["paths"][case.path]["post"]["requestBody"]["content"]["application/json"]
    batch = document["components"]["schemas"][body["schema"]["$ref"].rpartition("/")[2]]
    schema = batch["properties"]["items"]["items"]
    described = Draft202012Validator(schema | {"components": document["components"]})
    sent, answers = json.loads(response.request.body)["items"], json.loads(response.text)["items"]
    for item, answer in zip(sent, answers, strict=True):
        assert "problem" in answer or described.is_valid(item), item


@schemathesis.check
def what_the_document_allows_is_accepted(_context: Any, response: Any, case: Any) -> None:
    """Check that a valid request is accepted, or refused for a reason that no schema expresses."""
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    if positive and response.status_code in {400, 413, 415, 422}:
        problem = json.loads(response.text)
        reasons = [error["detail"] for error in problem["errors"]]
        is_domain_rule = problem["detail"] not in BY_SHAPE
        inexpressible = any(reason.startswith(INEXPRESSIBLE) for reason in reasons)
        assert is_domain_rule or inexpressible, problem
