"""What the adapter of every registered provider keeps."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.jsons import dumps
from interactions.channels.kit.adapter import Adapter, Delivery, Signed, UnreadableError
from interactions.channels.providers.registry import adapters
from interactions.history import Draft
from services.interactions.tests.factories import NOON

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)
BODIES = st.binary(max_size=200) | JSON.map(dumps)

each_adapter = pytest.mark.parametrize("adapter", adapters().values(), ids=adapters())


def test_names_fit_in_a_url():
    assert all(re.fullmatch("[a-z][a-z0-9_-]*", name) for name in adapters())


@each_adapter
@given(body=BODIES)
def test_a_body_is_read_or_unreadable_for_a_reason(adapter: Adapter, body: bytes):
    outcome = drafts_or_reason(adapter, body)
    assert isinstance(outcome, list) or re.fullmatch("[a-z_]+", outcome)


def drafts_or_reason(adapter: Adapter, body: bytes) -> list[Draft] | str:
    try:
        return adapter.read(Delivery("account", "chat", (), body, NOON))
    except UnreadableError as error:
        return str(error)


@each_adapter
@given(body=BODIES)
def test_a_call_without_headers_is_not_genuine(adapter: Adapter, body: bytes):
    call = Signed("https://hooks.example.test/v1/channels/x/account", (), body)
    assert not adapter.is_genuine(call, "0" * 32)
    assert not adapter.looks_signed(())
