"""Conditional requests."""

from typing import Any

import pytest
from starlette.requests import Request

from common.errors import PreconditionError
from common.web import HttpError
from common.web.responses import check_if_match, not_modified, strong_etag
from common.web.responses.etags import if_match_version, version_etag


def request(*headers: tuple[str, str]) -> Request:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": raw})


def test_a_tag_depends_on_every_part_and_on_where_parts_end():
    tags = {strong_etag(*parts) for parts in ([b"ab", b"c"], [b"a", b"bc"], [b"abc"], [b"abc", ""],
                                             [b"abc", 1], [b"abc", True])}  # fmt: skip
    assert len(tags) == 6
    assert strong_etag("a", 1) == strong_etag("a", 1)


TAG = strong_etag("content")


@pytest.mark.parametrize(
    ("header", "matches"),
    [
        (TAG, True),
        (f"W/{TAG}", True),
        (f'"other", {TAG}', True),
        (f'"a,b",W/"x" , {TAG} ', True),
        ("*", True),
        ('"other"', False),
        (TAG.strip('"'), False),
        ("", False),
        (f"{TAG[:-1]}", False),
        ("\xff\xfe", False),
    ],
)
def test_if_none_match(header: str, *, matches: bool):
    answer = not_modified(request(("if-none-match", header)), TAG)
    assert (answer is not None) == matches
    if answer is not None:
        assert (answer.status_code, answer.headers["etag"], answer.body) == (304, TAG, b"")


def test_headers_sent_twice_are_one_list():
    assert not_modified(request(("if-none-match", '"a"'), ("if-none-match", TAG)), TAG)
    assert not_modified(request(), TAG) is None


@pytest.mark.parametrize("header", [TAG, "*", f'"x", {TAG}'])
def test_if_match_lets_the_current_version_through(header: str):
    check_if_match(request(("if-match", header)), TAG)


@pytest.mark.parametrize("header", ['"x"', f"W/{TAG}", "", "junk"])
def test_if_match_stops_everybody_else(header: str):
    with pytest.raises(PreconditionError):
        check_if_match(request(("if-match", header)), TAG)


def test_if_match_can_be_required():
    check_if_match(request(), TAG)
    for check in (lambda r: check_if_match(r, TAG, required=True),
                  lambda r: if_match_version(r, required=True)):  # fmt: skip
        with pytest.raises(HttpError) as caught:
            check(request())
        assert caught.value.problem.status == 428


@pytest.mark.parametrize(("header", "version"), [(version_etag(7), 7), ("*", None)])
def test_a_version_is_read_from_if_match(header: str, version: Any):
    assert if_match_version(request(("if-match", header))) == version


@pytest.mark.parametrize(
    "header", ['W/"v7"', '"v0"', '"v-1"', '"7"', '"v99999999999999999999"', '"v\xb2"']
)
def test_what_was_never_a_version_is_412(header: str):
    with pytest.raises(PreconditionError):
        if_match_version(request(("if-match", header)))


def test_an_endless_list_is_431():
    with pytest.raises(HttpError):
        not_modified(request(("if-none-match", '"x",' * 2_000)), TAG)
