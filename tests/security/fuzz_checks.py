"""What schemathesis loads beside its own checks: ours, and the ids that make requests go deep.

It runs in a process of its own; ``FUZZ`` in the environment says what it has to know.
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
"""By the name of the parameter or member; some of them are another tenant's."""
_READS = {"GET", "HEAD", "OPTIONS", "TRACE"}

BY_SHAPE = {
    "the request body is invalid", "a parameter is invalid", "a query parameter is invalid",
    "the request body contains an invalid value", "the request body is not valid JSON in UTF-8",
}  # fmt: skip
"""What is said of a request whose shape is wrong. Rules of the domain have words of their own."""
UNSAYABLE = (
    "must not contain U+0000", "must not contain control characters", "must be between the years",
    "must not be empty without", "must not be larger than", "must not be longer than",
    "must be a finite number within 64 bits", "Input should be a valid integer",
)  # fmt: skip
"""How that begins which JSON Schema cannot express, or not so that one could read it: characters in
every text there is, years, bytes, one member or another, how large a number in free JSON may be,
and that 1.0 is no integer (to JSON Schema it is one)."""
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SLUG = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
HORIZON = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"


class _Rows:
    """What all tables of the service add up to."""

    def __init__(self, dsn: str) -> None:
        self._runner = asyncio.Runner()
        self._connection = self._runner.run(asyncpg.connect(dsn))
        names = [row[0] for row in self._runner.run(self._connection.fetch(TABLES))]
        self._sums = " UNION ALL ".join(SUMS.format(table=name, where="") for name in names)
        self._horizon, self._known = "", [()]
        self.changed()

    def changed(self) -> bool:
        """Say whether they add up to something else than when this was last asked.

        Adding up takes long. Where no transaction has had an id, which all that write have, there
        is no need to.
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
    """Put ids that exist in the place of about half of those that were made up."""
    if isinstance(value, dict):
        return {name: _id(name, one) or _exchanged(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_exchanged(one) for one in value]
    return value


def _id(name: str, made_up: Any) -> str | None:
    """Return an id for one that could be; what was spoilt on purpose has to stay spoilt."""
    known = _IDS.get(name)
    if not known or not isinstance(made_up, str):
        return None
    shape = UUID if UUID.fullmatch(known[0]) else SLUG
    number = sum(made_up.encode())
    return known[number // 2 % len(known)] if shape.fullmatch(made_up) and number % 2 == 0 else None


@schemathesis.check
def shows_nothing_of_another_tenant(_context: Any, response: Any, _case: Any) -> None:
    told = "\n".join([response.text, *(f"{k}: {v}" for k, v in response.headers.items())])
    assert found_in(told, _SECRETS) == set()


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
    """The answer is a 200, so no other check sees it."""
    if response.status_code != 200 or not case.path.endswith("/batch"):
        return
    document = case.operation.schema.raw_schema
    body = document["paths"][case.path]["post"]["requestBody"]["content"]["application/json"]
    schema = body["schema"]["properties"]["items"]["items"]
    described = Draft202012Validator(schema | {"components": document["components"]})
    sent, told = json.loads(response.request.body)["items"], json.loads(response.text)["items"]
    for item, answer in zip(sent, told, strict=True):
        assert "problem" in answer or described.is_valid(item), item


@schemathesis.check
def what_the_document_allows_is_accepted(_context: Any, response: Any, case: Any) -> None:
    """Or refused for a reason that no schema can say."""
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    if positive and response.status_code in {400, 413, 415, 422}:
        problem = json.loads(response.text)
        reasons = [error["detail"].removeprefix("Value error, ") for error in problem["errors"]]
        said = problem["detail"] not in BY_SHAPE
        assert said or any(reason.startswith(UNSAYABLE) for reason in reasons), problem
