"""JSON from strangers."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import InvalidError, MalformedError
from common.jsons import Limits, parse

LIMITS = Limits()

MALFORMED = {
    "nothing": b"",
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": Infinity}',
    "minus Infinity": b"[-Infinity]",
    "lone surrogate": b'"\\ud800"',
    "bad UTF-8": b'"\xff"',
    "UTF-8 of a surrogate": b'"\xed\xa0\x80"',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "UTF-16 without mark": "{}".encode("utf-16-le"),
    "trailing junk": b"{} {}",
    "trailing comma": b'{"a": 1,}',
    "5,000 digits": b"9" * 5_000,
    "raw NUL": b'"\x00"',
    "single quotes": b"{'a': 1}",
    "depth 200,000": b"[" * 200_000,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_json_is_400(body: bytes):
    with pytest.raises(MalformedError) as caught:
        parse(body, LIMITS)
    assert caught.value.type_suffix == "malformed-json"


REFUSED = {
    "repeated name": (b'{"x": {"a": 1, "a": 2}}', "/x/a"),
    "repeated name, escaped": (b'{"a": 1, "\\u0061": 2}', "/a"),
    "repeated name in a list": (b'[1, {"b/c": 1, "b/c": ":"}]', "/1/b~1c"),
    "NUL": (b'{"a": ["x", "y\\u0000"]}', "/a/1"),
    "NUL in a name": (b'{"a": {"\\u0000": 1}}', "/a"),
    "2^63": (b'{"n": 9223372036854775808}', "/n"),
    "2^64": (b"[18446744073709551616]", "/0"),
    "below -2^63": (b"[-9223372036854775809]", "/0"),
    "1e999": (b'{"n": [1, 1e999]}', "/n/1"),
    "-1e999": (b"-1e999", ""),
}


@pytest.mark.parametrize(("body", "pointer"), REFUSED.values(), ids=REFUSED.keys())
def test_json_that_we_refuse_is_422_and_says_where(body: bytes, pointer: str):
    with pytest.raises(InvalidError) as caught:
        parse(body, LIMITS)
    assert [error.pointer for error in caught.value.errors] == [pointer]


def test_depth_and_size_have_limits():
    assert parse(b"[" * 32 + b"]" * 32, LIMITS)
    for body in (b"[" * 34 + b"]" * 34, b"[" * 190 + b"]" * 190):
        with pytest.raises(InvalidError, match="deeper"):
            parse(body, LIMITS)
    many = json.dumps({str(n): n for n in range(10_001)}).encode()
    with pytest.raises(InvalidError, match="more than 10000"):
        parse(many, LIMITS)
    with pytest.raises(InvalidError, match="more than 10000"):
        parse(json.dumps([0] * 10_001).encode(), LIMITS)


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"[]," * 2_700_000 + b"[]]",
        b"[" + b'"",' * 2_700_000 + b'""]',
        b'{"a":' + b"[0," * 4_000_000,
        json.dumps(dict.fromkeys(map(str, range(500_000)), 1)).encode(),
    ],
    ids=["lists", "strings", "unclosed", "names"],
)
def test_what_is_far_too_much_is_refused_before_it_is_parsed(body: bytes):
    began = time.process_time()
    with pytest.raises(InvalidError, match="more than 200000"):
        parse(body, Limits(max_keys=200_000))
    assert time.process_time() - began < 0.2


def test_text_full_of_marks_is_only_text():
    text = '":,[]{}\\"\\\\' * 20_000
    assert parse(json.dumps({"text": text}).encode(), LIMITS) == {"text": text}


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": ":", "b:c": "\\":\\"", "d\\\\": "\\\\\\":"}',
        b'{"a\\"": {"a\\"": 1}}',
        b'{"u": "\\\\u0000"}',
        b"9223372036854775807",
        b"-9223372036854775808",
        b"[1.5e300, -0.0]",
        '{"ä": "€", "😀": "\\ud83d\\ude00"}'.encode(),
        b" null\n",
    ],
)
def test_odd_but_sound_json_passes(body: bytes):
    assert parse(body, LIMITS) == json.loads(body)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(document=JSON, ascii_only=st.booleans())
def test_any_sound_document_comes_back_as_it_is(document: Any, *, ascii_only: bool):
    body = json.dumps(document, ensure_ascii=ascii_only).encode()
    assert parse(body, LIMITS) == document


@settings(max_examples=300, deadline=None)
@given(body=st.binary(max_size=60) | st.text('{}[]":,\\u0eE+-.19 ntf', max_size=40).map(str.encode))
def test_any_bytes_give_a_document_or_a_problem(body: bytes):
    try:
        document = parse(body, LIMITS)
    except (MalformedError, InvalidError):
        return
    assert document == json.loads(body)
