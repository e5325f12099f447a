"""Records that a topic should never have: the defect of each, and the outcome that it must have.

Each record is a sound event, with a new id, in which something was spoilt. Its outcome is the
reason of the dead letter, or KEPT if the defect does not matter.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from common.jsons import dumps, loads
from devstack.testing.records import RawRecord
from tools.export_contracts import ROOT

Json = dict[str, Any]
KEPT = "kept"
TENANT = "gamma"
INBOUND = "interactions.inbound"
EVENTS: Mapping[str, tuple[str, str, str]] = {
    "identity.customers": ("identity.customer.created.v1", "customer_id", "/threadline/identity"),
    "sla.clocks": ("sla.clock.started.v1", "clock_id", "/threadline/sla"),
    "interactions.conversations": (
        "interactions.conversation.opened.v1", "conversation_id", "/threadline/interactions",
    ),
}  # fmt: skip
"""Per topic: the example, the field that names its subject, and its source."""
TOPICS = [*EVENTS, INBOUND]
ENVELOPE = ("id", "type", "version", "tenant_id", "occurred_at", "recorded_at", "sequence",
            "subject_id", "data")  # fmt: skip


@dataclass(frozen=True)
class Poison:
    """``subject`` is the id that is stored if the record is applied."""

    name: str
    record: RawRecord
    outcome: str
    subject: str


def sound(topic: str) -> tuple[Json, str]:
    """Return the body of a good record, and its subject."""
    subject = str(uuid4())
    if topic == INBOUND:
        provider = {"name": "mail", "account": "poison", "message_id": subject}
        message = {"channel": "email", "direction": "inbound", "author": {"type": "customer"}}
        sender = {"identifiers": [{"type": "cookie", "value": subject}], "text": "hello"}
        return message | sender | {"provider": provider}, subject
    example, member, _ = EVENTS[topic]
    body = loads((ROOT / "contracts" / f"{example}.example.json").read_bytes())
    data = body["data"] | {member: subject}
    data |= {"identifiers": []} if "identifiers" in data else {}
    about = {"id": str(uuid4()), "tenant_id": TENANT, "subject_id": subject}
    return body | about | {"data": data}, subject


def record_of(topic: str, body: Any, *more: tuple[str | bytes, bytes | None]) -> RawRecord:
    """Return a record with a body (bytes, or an object to encode) and ``more`` headers."""
    value = body if isinstance(body, bytes) else dumps(body)
    source = EVENTS[topic][2] if topic in EVENTS else "/front/end"
    return b"poison", value, [("ce_source", source.encode()), *more]


def poisons(topic: str, secret: str) -> Iterator[Poison]:
    """Yield records of ``topic`` with every kind of defect; ``secret`` must not leak."""
    yield from _no_json(topic, secret)
    yield from _headers(topic, secret)
    yield from _inbound(secret) if topic == INBOUND else _events(topic, secret)


def _no_json(topic: str, secret: str) -> Iterator[Poison]:
    not_json = "invalid_data" if topic == INBOUND else "not_an_event"
    values: dict[str, tuple[bytes | None, str]] = {
        "a tombstone": (None, "empty"),
        "nothing": (b"", "empty"),
        "bad UTF-8": (b'{"id": "\xff\xfe"}', "not_json"),
        "a text without quotes": (secret.encode(), "not_json"),
        "half a document": (b'{"id": ', "not_json"),
        "two documents": (b"{}{}", "not_json"),
        "NaN": (b'{"id": NaN}', "not_json"),
        "half a surrogate pair": (rb'{"id": "\ud800"}', "not_json"),
        "depth 200,000": (b"[" * 200_000, "not_json"),
        "900 KB of junk": (b"\x00" * 900_000, "not_json"),
        "a list": (b"[]", not_json),
        "a text": (dumps(secret), not_json),
        "a number": (b"7", not_json),
        "null": (b"null", not_json),
    }
    for name, (value, outcome) in values.items():
        key, _, headers = record_of(topic, b"")
        yield Poison(name, (key, value, headers), outcome, "")


def _headers(topic: str, secret: str) -> Iterator[Poison]:
    """Yield good records with headers that must have no effect."""
    stamps = (b"9999-12-31T23:59:59Z", b"0001-01-01T00:00:00+14:00", b"", b"soon", b"\xff", None)
    lies: list[tuple[str, list[tuple[str | bytes, bytes | None]]]] = [
        (f"the watermark {stamp!r}", [("watermark", stamp)]) for stamp in stamps
    ]
    lies += [
        ("a name that is not text", [(b"\xff\xfe", b"1")]),
        ("a value that is not text", [("ce_tenantid", b"\xff"), ("ce_time", b"\xfe")]),
        ("no value", [("ce_id", None), ("ce_tenantid", None)]),
        ("another tenant", [("ce_tenantid", b"alpha"), ("x-tenant-id", b"alpha")]),
        ("a malformed traceparent", [("ce_traceparent", secret.encode())]),
        ("3,000 headers", [(f"h{n}", b"x") for n in range(3_000)]),
    ]
    for name, more in lies:
        body, subject = sound(topic)
        yield Poison(name, record_of(topic, body, *more), KEPT, subject)
    body, subject = sound(topic)
    key, value, _ = record_of(topic, body)
    yield Poison("no headers at all", (key, value, []), KEPT, subject)


def _events(topic: str, secret: str) -> Iterator[Poison]:
    yield from _envelopes(topic, secret)
    for member in sound(topic)[0]["data"]:
        if member in {"customer_id", "conversation_id", "clock_id"}:
            yield _with_data(f"data.{member}", topic, "invalid_data", **{member: secret})
    yield _with_data("NUL", topic, "invalid_data", more=f"{secret}\0")
    yield _with_data("no NUL", topic, KEPT, more="\\u0000")
    yield _with_data("unknown members", topic, KEPT, more=[secret], other={"a": secret})
    yield _with_data("800 KB", topic, KEPT, more="x" * 800_000)
    body, subject = sound(topic)
    _, value, headers = record_of(topic, body)
    yield Poison("a key that is not text", (b"\xff\xfe", value, headers), "wrong_field", subject)
    foreign = [("ce_source", b"/threadline/somebody")]
    yield Poison("a foreign source", (b"k", value, foreign), "foreign_source", subject)


def _envelopes(topic: str, secret: str) -> Iterator[Poison]:
    for member in ENVELOPE:
        body, subject = sound(topic)
        without = {name: value for name, value in body.items() if name != member}
        yield Poison(f"no {member}", record_of(topic, without), "missing_field", subject)
        for wrong in (None, [secret], True, 1.5):
            outcome = "invalid_data" if member == "data" else "wrong_field"
            yield _with(f"{member}: {wrong}", topic, outcome, **{member: wrong})
    for member in ("id", "type", "tenant_id", "subject_id"):
        yield _with(f"{member} of 9 KB", topic, "wrong_field", **{member: "x" * 9_000})
    for when in ("yesterday", "2026-01-01", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00"):
        yield _with(f"at {when}", topic, "wrong_field", occurred_at=when)
    yield _with("version 99", topic, "unknown_version", version=99)
    yield _with("no data in data", topic, "invalid_data", data={})


def _with(name: str, topic: str, outcome: str, **members: Any) -> Poison:
    body, subject = sound(topic)
    return Poison(name, record_of(topic, body | members), outcome, subject)


def _with_data(name: str, topic: str, outcome: str, **members: Any) -> Poison:
    body, subject = sound(topic)
    spoilt = body | {"data": body["data"] | members}
    return Poison(name, record_of(topic, spoilt), outcome, subject)


def _inbound(secret: str) -> Iterator[Poison]:
    wrong: dict[str, Json] = {
        "a tenant": {"tenant_id": "alpha"},
        "an unknown member": {"x": secret},
        "a wrong type": {"text": [secret]},
        "a wrong choice": {"direction": secret},
        "a huge number": {"data": {"n": 2**64 - 1}},
        "NUL": {"text": f"{secret}\0"},
        "too many": {"attachments": [{}] * 51},
        "too deep": {"data": {"a": loads(b"[" * 40 + b"]" * 40)}},
        "nobody": {"identifiers": []},
        "no time": {"occurred_at": secret},
        "half a provider": {"provider": {"name": "mail", "account": secret}},
    }
    for name, members in wrong.items():
        body, subject = sound(INBOUND)
        yield Poison(name, record_of(INBOUND, body | members), "invalid_data", subject)
    twice = dumps(sound(INBOUND)[0])[:-1] + b',"text":"again"}'
    yield Poison("a member twice", record_of(INBOUND, twice), "invalid_data", "")
    body, subject = sound(INBOUND)
    strange = b"\xff\xfe", *record_of(INBOUND, body)[1:]
    yield Poison("a key that is not text", strange, KEPT, subject)
    body, subject = sound(INBOUND)
    elsewhere = body | {"conversation_id": str(uuid4())}
    yield Poison("an unknown conversation", record_of(INBOUND, elsewhere), "invalid", subject)
