"""Bodies that are made to break parsers are refused before anything is written."""

from collections.abc import Iterator
from functools import cache

import pytest

from common.jsons import dumps
from tests.security.naming import Tenant, bodies, targets
from tests.security.operations import WITH_BODY, Operation
from tests.security.raw_client import Answer
from tests.security.site import ALPHA, Site

VALUES = {
    "not a number": b"NaN",
    "infinity": b"-Infinity",
    "a float too large": b"1e999",
    "NUL": rb'"a\u0000b"',
    "NUL as a member": rb'{"a\u0000": 1}',
    "half a surrogate pair": rb'"\ud800"',
    "half a surrogate pair as a member": rb'{"\udfff": 1}',
    "2^64": b"18446744073709551616",
    "5,000 digits": b"9" * 5_000,
    "depth 900": b"[" * 900 + b"]" * 900,
    "depth 5,000": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "a member twice": b'{"a": 1, "a": 2}',
    "bad UTF-8": b'"\xff\xfe"',
    "overlong UTF-8": b'"\xc0\x80"',
    "a raw newline in a text": b'"a\nb"',
    "a comment": b"/* */ 1",
}

pytestmark = pytest.mark.usefixtures("unwritten")


@cache
def documents() -> dict[str, bytes]:
    """Return whole documents that every operation must refuse."""
    million = b",".join(b'"%d":1' % number for number in range(1_000_000))
    return {
        "nothing": b"",
        "blanks": b" \n",
        "half a document": b'{"a":',
        "a text": b'"a"',
        "null": b"null",
        "a list": b"[]",
        "depth 200,000": b"[" * 200_000,
        "a million members": b"{" + million + b"}",
    }


def spoilt(sound: bytes) -> dict[str, bytes]:
    """Return a sound document, spoilt as a whole in several ways."""
    return {
        "byte order mark": b"\xef\xbb\xbf" + sound,
        "UTF-16": sound.decode().encode("utf-16"),
        "UTF-32": sound.decode().encode("utf-32"),
        "trailing junk": sound + b"x",
        "two documents": sound + sound,
        "NUL behind": sound + b"\x00",
        "a first member twice": sound[:-1] + b"," + sound[1:],
    }


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
async def test_a_hostile_document_is_refused(operation: Operation, site: Site, alpha: Tenant):
    [sound, *_] = bodies(operation, alpha)
    for name, content in (documents() | spoilt(dumps(sound))).items():
        _refused(await _send(site, operation, alpha, content), name)


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
async def test_a_hostile_value_is_refused_in_every_member(
    operation: Operation, site: Site, alpha: Tenant
):
    for member, bare in _holes(operation, alpha):
        for name, value in VALUES.items():
            content = bare.replace(b'"@"', value)
            _refused(await _send(site, operation, alpha, content), f"{member}: {name}")


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
async def test_only_plain_json_is_read(operation: Operation, site: Site, alpha: Tenant):
    content = dumps(bodies(operation, alpha)[0])
    for headers in (
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-encoding": "gzip"},
    ):
        answer = await site.ask(
            operation,
            targets(operation, alpha)[0],
            by=ALPHA,
            key=alpha.key,
            body=content,
            headers=headers,
        )
        assert (answer.status, answer.is_problem()) == (415, True), headers


def _holes(operation: Operation, alpha: Tenant) -> Iterator[tuple[str, bytes]]:
    """Yield a sound document for each member of the body, with a hole instead of its value."""
    [body, *_] = bodies(operation, alpha)
    assert body is not None
    sound = body["items"][0] if operation.is_batch else body
    for member in operation.members:
        holed = sound | {member: "@"}
        yield member, dumps({"items": [holed]} if operation.is_batch else holed)


async def _send(site: Site, operation: Operation, alpha: Tenant, content: bytes) -> Answer:
    [target, *_] = targets(operation, alpha)
    return await site.ask(operation, target, by=ALPHA, key=alpha.key, body=content)


def _refused(answer: Answer, what: str) -> None:
    assert 400 <= answer.status < 500, what
    assert answer.is_problem(), what
