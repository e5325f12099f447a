"""Valid records with random replacements."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from common.jsons import dumps
from devstack.testing.records import RawRecord
from tests.security.input.poison import record_of, sound

T = TypeVar("T")

_LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False),
    st.text(max_size=50), st.uuids().map(str),
    st.datetimes().map(lambda time: f"{time.isoformat()}Z"),
    st.sampled_from(["running", "paused", "first_response", "closed", "a\0b", "x" * 3_000]),
)  # fmt: skip
_JSON = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["ce_id", "ce_source", "ce_time", "ce_traceparent", "watermark", "x", ""]),
        st.none() | st.binary(max_size=40),
    ),
    max_size=5,
)


@st.composite
def mutations(draw: st.DrawFn, topic: str) -> RawRecord:
    """Draw a record of ``topic`` with up to three values, and sometimes bytes, replaced."""
    body, _ = sound(topic)
    for _ in range(draw(st.integers(1, 3))):
        _exchange(draw, body)
    key, value, headers = record_of(topic, dumps(body))
    assert value is not None
    if draw(st.integers(0, 9)) == 0:
        cut = draw(st.integers(0, len(value)))
        value = value[:cut] + draw(st.binary(max_size=20)) + value[cut:]
    return (
        draw(st.just(key) | st.none() | st.binary(max_size=20)),
        value,
        [
            *headers,
            *draw(_HEADERS),
        ],
    )


def _exchange(draw: st.DrawFn, node: Any) -> None:
    """Replace one member or element, at any depth."""
    places: Sequence[Any] = list(node) if isinstance(node, dict) else range(len(node))
    if not places:
        return
    place = draw(st.sampled_from(places))
    if isinstance(node[place], dict | list) and draw(st.integers(0, 3)):
        _exchange(draw, node[place])
    else:
        node[place] = draw(_JSON)


def examples_of(strategy: st.SearchStrategy[T], count: int) -> list[T]:
    """Return ``count`` examples, for asynchronous tests, which the library does not support."""
    examples: list[T] = []

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: T) -> None:
        examples.append(example)

    collect()
    return examples


def batched(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
