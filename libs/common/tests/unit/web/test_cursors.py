"""Cursors: good for one list only, and a shut door to everybody else."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from common.web import HttpError
from common.web.responses import CursorSigner

SIGNER = CursorSigner(SecretStr("secret-" * 8))
LIST: dict[str, Any] = {"tenant_id": "a", "route": "/v1/things", "filters": {"q": "x", "n": 1}}

positions = st.lists(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.uuids()
    | st.datetimes(timezones=st.just(UTC)),
    max_size=4,
).map(tuple)


@given(positions)
def test_a_position_comes_back_as_it_was(position: Any):
    token = SIGNER.encode(position, **LIST)
    assert len(token) <= 1_024
    back = SIGNER.decode(token, **LIST)
    assert back == position
    assert [type(part) for part in back] == [type(part) for part in position]


@pytest.mark.parametrize(
    "other",
    [
        {"tenant_id": "b"},
        {"route": "/v1/other"},
        {"filters": {"q": "y", "n": 1}},
        {"filters": {"q": "x"}},
        {"filters": None},
        {"filters": {"q": "x", "n": "1"}},
    ],
)
def test_a_cursor_is_good_for_its_own_list_only(other: dict[str, Any]):
    token = SIGNER.encode((1,), **LIST)
    with pytest.raises(HttpError) as caught:
        SIGNER.decode(token, **(LIST | other))
    assert caught.value.problem.status == 400


def test_the_order_of_filters_does_not_matter():
    token = SIGNER.encode((1,), **LIST)
    assert SIGNER.decode(token, **(LIST | {"filters": {"n": 1, "q": "x"}})) == (1,)


def test_another_secret_does_not_open_it():
    with pytest.raises(HttpError):
        CursorSigner(SecretStr("other-" * 8)).decode(SIGNER.encode((1,), **LIST), **LIST)


TOKEN = SIGNER.encode((datetime(2026, 1, 2, tzinfo=UTC), UUID(int=7), 12_345_678, "abc"), **LIST)


@given(place=st.integers(0, len(TOKEN) - 1), letter=st.sampled_from("AQgwz09-_=+/ \n\u00e9"))
def test_a_changed_letter_is_noticed(place: int, letter: str):
    if TOKEN[place] == letter:
        return
    with pytest.raises(HttpError):
        SIGNER.decode(TOKEN[:place] + letter + TOKEN[place + 1 :], **LIST)


@given(st.text(max_size=200) | st.integers(0, len(TOKEN) - 1).map(lambda cut: TOKEN[:cut]))
def test_noise_is_400(token: str):
    with pytest.raises(HttpError):
        SIGNER.decode(token, **LIST)


@pytest.mark.parametrize(
    "token", ["A" * 1_000_000, TOKEN + "=", TOKEN + "\n", " " + TOKEN, "' OR 1=1"]
)
def test_long_and_padded_cursors_are_400(token: str):
    with pytest.raises(HttpError):
        SIGNER.decode(token, **LIST)
