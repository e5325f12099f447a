"""The form of events: what is written can be read, what is no event is named as such."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.jsons import dumps, loads
from common.messaging import Envelope, Record, UndecodableError, body_of, rfc3339
from common.messaging.envelope import decode, headers_of, watermark_of

MOMENTS = st.datetimes(
    datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)
)  # fmt: skip
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


@st.composite
def envelopes(draw: st.DrawFn) -> Envelope:
    return Envelope(
        id=draw(TEXTS),
        source="/threadline/notes",
        type=draw(TEXTS),
        version=draw(st.integers(1, 9)),
        tenant_id=draw(TEXTS),
        occurred_at=draw(MOMENTS),
        recorded_at=draw(MOMENTS),
        sequence=draw(st.integers(0, 2**63 - 1)),
        subject_id=draw(TEXTS),
        key=draw(TEXTS),
        test=draw(st.booleans()),
    )


def record_of(envelope: Envelope, data: object) -> Record:
    headers = [(k, v.encode()) for k, v in headers_of(envelope).items()]
    return Record("t", 0, 0, envelope.key.encode(), dumps(body_of(envelope, data)), headers)  # type: ignore[arg-type]  # any JSON will do here


def a_record(**changes: object) -> Record:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    envelope = Envelope("1", "/s", "t", 1, "demo", now, now, 1, "subject", "key")
    body = body_of(envelope, {"a": 1}) | changes
    return Record("t", 0, 0, b"key", dumps({k: v for k, v in body.items() if v is not ...}), ())


@given(envelopes())
def test_what_is_written_is_read_back(envelope: Envelope):
    assert decode(record_of(envelope, {"a": [1, None]})) == (envelope, {"a": [1, None]})


@given(MOMENTS)
def test_times_have_one_form_whatever_the_zone(moment: datetime):
    text = rfc3339(moment.astimezone(timezone(timedelta(hours=5, minutes=30))))
    assert len(text) == 27
    assert datetime.fromisoformat(text) == moment


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"{", "not_json"),
        (b"\xff", "not_json"),
        (b"[]", "not_an_event"),
        (b"{}", "missing_field"),
    ],
)
def test_a_value_that_is_no_event_is_refused_with_its_reason(value: bytes | None, reason: str):
    with pytest.raises(UndecodableError) as refused:
        decode(Record("t", 0, 0, None, value))
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "1"},
        {"version": True},
        {"sequence": 1.5},
        {"id": ""},
        {"id": 7},
        {"tenant_id": "a\0b"},
        {"occurred_at": "yesterday"},
        {"occurred_at": "2026-03-01T00:00:00"},
        {"recorded_at": None},
    ],
)
def test_a_field_of_the_wrong_kind_is_refused(changes: dict[str, object]):
    with pytest.raises(UndecodableError) as refused:
        decode(a_record(**changes))
    assert refused.value.reason == "wrong_field"


@pytest.mark.parametrize("field", ["id", "type", "tenant_id", "data"])
def test_a_missing_field_is_named(field: str):
    with pytest.raises(UndecodableError, match=field):
        decode(a_record(**{field: ...}))


@pytest.mark.parametrize("stamp", [b"", b"soon", b"2026-03-01T00:00:00", b"\xff"])
def test_an_unreadable_watermark_counts_as_absent(stamp: bytes):
    assert watermark_of(Record("t", 0, 0, None, b"x", [("watermark", stamp)])) is None


@given(envelopes())
def test_no_header_looks_like_json(envelope: Envelope):
    for name, value in headers_of(envelope).items():
        assert name == name.lower()
        if name not in {"ce_id", "ce_type", "ce_subject", "ce_partitionkey", "ce_tenantid"}:
            assert not value.startswith(("{", "[", '"'))


def test_the_body_begins_flat():
    assert list(loads(a_record().value or b""))[:9] == [
        "id", "type", "version", "tenant_id", "occurred_at", "recorded_at", "sequence",
        "subject_id", "test",
    ]  # fmt: skip
