"""Conditional requests."""

import pytest
from starlette.requests import Request

from common.errors import PreconditionError
from common.web import HttpError
from common.web.responses import strong_etag
from common.web.responses.etags import expected_etag, not_modified


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
def test_if_match_accepts_the_current_state(header: str):
    expected = expected_etag(request(("if-match", header)))
    assert expected is not None
    expected.check("content")


@pytest.mark.parametrize("header", ['"x"', f"W/{TAG}", "", "junk"])
def test_if_match_refuses_every_other_state(header: str):
    expected = expected_etag(request(("if-match", header)))
    assert expected is not None
    with pytest.raises(PreconditionError):
        expected.check("content")


def test_if_match_belongs_to_one_view_of_the_state():
    header = ("if-match", strong_etag("content", "wide"))
    wide, masked = (expected_etag(request(header), view) for view in ("wide", "masked"))
    assert wide is not None
    assert masked is not None
    wide.check("content")
    with pytest.raises(PreconditionError):
        masked.check("content")


def test_if_match_can_be_required():
    assert expected_etag(request()) is None
    with pytest.raises(HttpError) as caught:
        expected_etag(request(), required=True)
    assert caught.value.problem.status == 428


def test_an_endless_list_is_431():
    with pytest.raises(HttpError):
        not_modified(request(("if-none-match", '"x",' * 2_000)), TAG)
