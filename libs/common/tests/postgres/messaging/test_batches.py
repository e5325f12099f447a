"""A batch from decoded records to a committed transaction, without a broker."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from secrets import token_hex

import pytest
from sqlalchemy import text

from common.errors import ConflictError, UnavailableError
from common.jsons import dumps, loads
from common.messaging import DeadLettered, Ignored, Record, Stream
from common.messaging.envelope import HEARTBEAT_TYPE
from common.messaging.inbox import claims, dead_letters
from common.messaging.inbox.batches import BatchHandler
from common.messaging.inbox.dispatch import one_by_one
from common.messaging.watermarks import Heartbeat
from devstack.testing.fake_clock import FakeClock
from devstack.testing.postgres import FreshDsn
from libs.common.tests.kafka.consuming import note_record
from libs.common.tests.plumbing import (
    NoteTaken,
    database,
    kept,
    make_kept,
    notes_stream,
    scalar,
)

TOPIC = "notes.notes"


@pytest.fixture
async def db(fresh_dsn: FreshDsn):
    made = database(fresh_dsn("common"))
    await made.run(make_kept)
    await made.run(claims.ensure_positions, "notes.keeper", TOPIC, {0: 0})
    yield made
    await made.close()


def records(*notes: str, first: int = 0) -> list[Record]:
    made = []
    for place, note in enumerate(notes):
        value, headers = note_record(note)
        made.append(Record(TOPIC, 0, first + place, b"book", value, headers))
    return made


def handler(db, stream: Stream | None = None) -> BatchHandler:
    return BatchHandler(db, stream or notes_stream(TOPIC), FakeClock())


async def position(db):
    return await db.read(scalar, "SELECT next_offset FROM consumer_progress")


async def test_effects_and_offset_are_one_write(db):
    assert await handler(db).handle(0, records("a", "b")) == 2
    assert await db.read(kept) == ["a", "b"]
    assert await position(db) == 2


async def test_whoever_comes_second_is_fenced_and_leaves_no_trace(db):
    await handler(db).handle(0, records("a"))
    with pytest.raises(claims.FencedError):
        await handler(db).handle(0, records("zombie"))
    assert await db.read(kept) == ["a"]


async def test_two_owners_of_one_partition_apply_a_batch_once(db):
    same = records(*(f"note {n}" for n in range(20)))
    results = await asyncio.gather(
        *(handler(db).handle(0, same) for _ in range(5)), return_exceptions=True
    )
    assert [r for r in results if not isinstance(r, claims.FencedError)] == [20]
    assert await db.read(kept) == [f"note {n}" for n in range(20)]


async def test_one_poison_among_many_costs_a_few_transactions(db):
    notes = [f"note {n}" for n in range(256)]
    batch = records(*notes[:100], "poison", *notes[100:])
    before = await db.read(
        scalar, "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
    )
    await handler(db).handle(0, batch)
    assert before is not None
    assert await db.read(kept) == notes
    assert await position(db) == 257
    (letter,) = await db.read(dead_letters.list_open, "notes.keeper")
    assert (letter.offset, letter.reason, letter.attempts) == (100, "handler_error", 3)


async def test_the_reason_of_a_mistake_of_ours_quotes_no_data(db):
    async def fail(_connection, _received, *, now):
        raise ValueError("anna@example.test")

    stream = Stream(
        "notes.keeper", TOPIC, one_by_one({NoteTaken: fail}), notes_stream(TOPIC).decoders
    )
    await handler(db, stream).handle(0, records("a"))
    (letter,) = await db.read(dead_letters.list_open, "notes.keeper")
    assert letter.detail == "ValueError"


async def test_a_refusal_is_put_aside_at_once(db):
    async def refuse(_connection, _received, *, now):
        raise ConflictError("it is closed")

    stream = Stream(
        "notes.keeper", TOPIC, one_by_one({NoteTaken: refuse}), notes_stream(TOPIC).decoders
    )
    await handler(db, stream).handle(0, records("a"))
    (letter,) = await db.read(dead_letters.list_open, "notes.keeper")
    assert (letter.reason, letter.detail, letter.attempts) == ("conflict", "it is closed", 1)


async def test_unavailable_moves_nothing(db):
    async def away(_connection, _received, *, now):
        raise UnavailableError("identity is away")

    stream = Stream(
        "notes.keeper", TOPIC, one_by_one({NoteTaken: away}), notes_stream(TOPIC).decoders
    )
    with pytest.raises(UnavailableError):
        await handler(db, stream).handle(0, records("a", "b"))
    assert await position(db) == 0
    assert await db.read(scalar, "SELECT count(*) FROM inbox") == 0


async def test_a_schema_that_does_not_fit_stops_the_stream_and_loses_nothing(db):
    async def too_new(connection, _received, *, now):
        await connection.execute(text("SELECT no_such_column FROM kept"))

    stream = Stream(
        "notes.keeper", TOPIC, one_by_one({NoteTaken: too_new}), notes_stream(TOPIC).decoders
    )
    with pytest.raises(UnavailableError):
        await handler(db, stream).handle(0, records("a", "b"))
    assert await position(db) == 0
    assert await db.read(dead_letters.list_open, "notes.keeper") == []


async def test_outcomes_are_values(db):
    async def choose(_connection, received, *, now):
        return DeadLettered("unwelcome") if received.data.note == "b" else Ignored("stale")

    stream = Stream(
        "notes.keeper", TOPIC, one_by_one({NoteTaken: choose}), notes_stream(TOPIC).decoders
    )
    assert await handler(db, stream).handle(0, records("a", "b", "c")) == 3
    (letter,) = await db.read(dead_letters.list_open, "notes.keeper")
    assert (letter.offset, letter.reason) == (1, "unwelcome")


async def test_the_same_id_with_other_content_is_a_conflict_and_the_first_wins(db):
    value, headers = note_record("first")
    other = value.replace(b"first", b"other")
    batch = [Record(TOPIC, 0, n, b"book", v, headers) for n, v in enumerate((value, other))]
    await handler(db).handle(0, batch[:1])
    await handler(db).handle(1, batch[1:])
    assert await db.read(kept) == ["first"]


async def test_an_event_that_was_put_aside_does_not_come_back_as_new(db):
    (poison,) = records("poison")
    again = Record(TOPIC, 0, 1, poison.key, poison.value, poison.headers)
    await handler(db).handle(0, [poison])
    await handler(db).handle(1, [again])
    assert len(await db.read(dead_letters.list_open, "notes.keeper")) == 1


async def test_a_new_major_version_of_a_subscribed_type_is_put_aside(db):
    value, headers = note_record("a")
    batch = [Record(TOPIC, 0, 0, b"book", value.replace(b'"version":1', b'"version":2'), headers)]
    await handler(db).handle(0, batch)
    (letter,) = await db.read(dead_letters.list_open, "notes.keeper")
    assert letter.reason == "unknown_version"


async def test_a_type_nobody_reads_is_ignored(db):
    value, headers = note_record("a")
    batch = [Record(TOPIC, 0, 0, b"book", value.replace(b"note.taken", b"note.burnt"), headers)]
    assert await handler(db).handle(0, batch) == 1
    assert await db.read(dead_letters.list_open, "notes.keeper") == []


async def test_heartbeats_among_events_move_partitions_on_and_are_no_news(db):
    await db.run(claims.ensure_positions, "notes.keeper", TOPIC, {1: 0, 2: 0})
    news: list[str] = []
    db.after_commit(lambda: news.append("commit"))
    keeper = handler(db)
    results = await asyncio.gather(
        *(
            keeper.handle(0 if partition < 2 else 7, [heartbeat(partition)])
            for partition in range(3)
        ),
        return_exceptions=True,
    )
    assert results[:2] == [1, 1]
    assert isinstance(results[2], claims.FencedError)
    stand = await db.read(_stand)
    assert [offset for offset, _ in stand] == [1, 1, 0]
    assert [reached is not None for _, reached in stand] == [True, True, False]
    assert news == []


def heartbeat(partition: int) -> Record:
    value, headers = note_record("-")
    value = dumps(loads(value) | {"type": HEARTBEAT_TYPE})
    stamp = ("watermark", b"2026-01-01T00:00:00Z")
    return Record(TOPIC, partition, 0, b"book", value, [*headers, stamp])


async def _stand(connection):
    rows = await connection.execute(
        text("SELECT next_offset, watermark FROM consumer_progress ORDER BY partition")
    )
    return [tuple(row) for row in rows]


async def test_hot_statements_use_their_indexes(db):
    async def plan(connection):
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        result = await connection.execute(
            text(
                "EXPLAIN SELECT * FROM outbox WHERE published_at IS NULL AND key_hash % 2 = 0"
                " ORDER BY position LIMIT 500"
            )
        )
        return "\n".join(result.scalars())

    assert "published_at_idx" in (found := await db.run(plan)) or "_position_idx" in found


def hostile(**changed) -> Record:
    """Return a note that is sound but for what is ``changed``, in the body or around it."""
    value, headers = note_record("x")
    around = {"key": b"book", "value": value, "headers": headers} | {
        name: changed.pop(name) for name in ("key", "value", "headers") if name in changed
    }
    if changed:
        around["value"] = dumps(loads(value) | changed)
    return Record(TOPIC, 0, 0, **around)


@pytest.mark.parametrize(
    "record",
    [
        hostile(key=b"a\0b", value=b"{"),
        hostile(key=b"k" * 300_000, value=b"{" * 700_000),
        hostile(headers=[("a\0b", b"x"), ("ce_tenantid", b"a\0")], value=b"{"),
        hostile(headers=[("long", b"\x01" * 400_000)], value=b"{" * 600_000),
        hostile(headers=[("ce_tenantid", b"t" * 400_000)], value=b"{" * 600_000),
        hostile(headers=[("wide", "😀".encode() * 49_000)], value=b"{" * 600_000),
        hostile(headers=[("ce_source", b"s" * 6_000)]),
        hostile(id=token_hex(3_000)),
        hostile(recorded_at="0001-01-01T00:00:00+14:00"),
    ],
    ids=["nul key", "long key", "nul headers", "long header", "long tenant", "wide header",
         "long source", "long id", "before time"],
)  # fmt: skip
async def test_a_hostile_record_is_put_aside_and_can_be_published(db, record):
    assert await handler(db).handle(0, [record, *records("after", first=1)]) == 2
    assert await db.read(kept) == ["after"]
    assert await db.read(scalar, "SELECT count(*) FROM dead_letter") == 1
    assert await db.read(scalar, "SELECT count(*) FROM outbox") == 1


async def test_a_watermark_from_before_time_is_no_watermark(db):
    (record,) = records("a")
    stamped = replace(
        record, headers=[*record.headers, ("watermark", b"0001-01-01T00:00:00+14:00")]
    )
    assert await handler(db).handle(0, [stamped]) == 1
    assert await db.read(scalar, "SELECT watermark FROM consumer_progress") is None


async def test_a_watermark_from_the_future_vouches_for_no_more_than_the_present(db):
    value, headers = note_record("a")
    lying = [*headers, ("watermark", b"9999-12-31T23:59:59Z")]
    before = await db.read(scalar, "SELECT clock_timestamp()")
    assert await handler(db).handle(0, [Record(TOPIC, 0, 0, b"book", value, lying)]) == 1
    reached = await db.read(scalar, "SELECT watermark FROM consumer_progress")
    assert before <= reached <= await db.read(scalar, "SELECT clock_timestamp()")


async def test_only_who_publishes_the_topic_says_how_far_it_has_come(db):
    stamp = ("watermark", b"2026-01-01T00:00:00Z")
    stream = replace(notes_stream(TOPIC), source="/threadline/notes")
    value, headers = note_record("mine")
    foreign = [(n, b"/threadline/other" if n == "ce_source" else v) for n, v in headers]
    nameless = [(n, v) for n, v in headers if n != "ce_source"]
    for offset, about in enumerate((foreign, nameless)):
        await handler(db, stream).handle(
            offset, [Record(TOPIC, 0, offset, b"book", value, [*about, stamp])]
        )
        assert await db.read(scalar, "SELECT watermark FROM consumer_progress") is None
    assert await db.read(kept) == ["mine"], "the one without a name"
    (letter,) = await db.read(dead_letters.list_open, "notes.keeper")
    assert letter.reason == "foreign_source"
    own = Record(TOPIC, 0, 2, b"book", value, [*headers, stamp])
    await handler(db, stream).handle(2, [own])
    assert await db.read(scalar, "SELECT watermark FROM consumer_progress") is not None


@pytest.mark.parametrize("text", [b"junk", b"anna@example.test", b"-", b"00-x-y-z", b"\xff"])
async def test_a_traceparent_that_is_none_is_neither_followed_nor_logged(db, text, capsys):
    value, headers = note_record("a")
    record = Record(TOPIC, 0, 0, b"book", value, [*headers, ("ce_traceparent", text)])
    assert await handler(db).handle(0, [record]) == 1
    assert await db.read(kept) == ["a"]
    assert text.decode("latin-1") not in capsys.readouterr().err


async def test_a_mistake_of_the_decoder_puts_only_its_record_aside(db):
    def decode(record: Record) -> Ignored:
        return {0: Ignored("fine")}[record.offset]

    stream = Stream("notes.keeper", TOPIC, notes_stream(TOPIC).apply, decode=decode)
    assert await handler(db, stream).handle(0, records("a", "b")) == 2
    assert await db.read(scalar, "SELECT detail FROM dead_letter") == "KeyError"


async def test_a_heartbeat_counts_only_where_exactly_what_it_speaks_of_is_applied(db):
    past = await db.read(scalar, "SELECT clock_timestamp() - interval '1 s'")
    await handler(db).handle(0, records("a", "b"))

    async def heard(offset: int, watermark):
        beat = Heartbeat(TOPIC, 0, offset, watermark)
        return await db.execute_once(claims.raise_watermarks, "notes.keeper", [beat])

    assert await heard(3, past) == {}
    assert await db.read(scalar, "SELECT watermark FROM consumer_progress") is None
    assert await heard(2, past) == {0: past}
    assert await heard(2, past) == {}
    assert await heard(2, past - timedelta(seconds=1)) == {}
    assert await heard(1, past + timedelta(seconds=0.5)) == {}
    assert await db.read(scalar, "SELECT watermark FROM consumer_progress") == past


async def test_a_heartbeat_from_the_future_counts_up_to_now(db):
    beat = Heartbeat(TOPIC, 0, 0, await db.read(scalar, "SELECT now() + interval '1 hour'"))
    (stored,) = (await db.execute_once(claims.raise_watermarks, "notes.keeper", [beat])).values()
    assert stored <= await db.read(scalar, "SELECT clock_timestamp()")
