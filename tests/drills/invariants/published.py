"""Every event of an outbox was published, nothing else was, and the order was kept."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime

from tests.drills.invariants.evidence import Evidence

SERVICES = ("identity", "interactions", "sla")
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def outbox_equals_topics(evidence: Evidence) -> Iterator[str]:
    """Yield the events that are in an outbox and on no topic, or the other way round."""
    on_topics: dict[str, str] = {
        event.body["id"]: topic
        for topic, events in evidence.events.items()
        for event in events
        if event.body is not None
    }
    in_outbox = {row["id"]: row for s in SERVICES for row in evidence.rows[s]["outbox"]}
    for event_id, row in in_outbox.items():
        if row["published_at"] is None:
            yield f"{row['type']} {event_id} is unpublished"
        elif row["is_erased"] and event_id not in on_topics:
            continue  # It was about somebody who was erased before it was published.
        elif on_topics.get(event_id) != row["topic"]:
            yield f"{row['type']} {event_id} is marked as published but is not on {row['topic']}"
    for event_id in on_topics.keys() - in_outbox.keys():
        yield f"{event_id} is on {on_topics[event_id]} but in no outbox"


def order_is_kept(evidence: Evidence) -> Iterator[str]:
    """Yield the subjects whose events did not first appear as 1, 2, 3 and so on."""
    for topic in evidence.events:
        reached: dict[str, int] = defaultdict(int)
        for event in evidence.first_published(topic):
            body = event.body or {}
            subject, sequence = body["subject_id"], body["sequence"]
            if sequence != reached[subject] + 1:
                yield f"{body['type']} {sequence} of {subject} came after {reached[subject]}"
            reached[subject] = max(sequence, reached[subject])


def topics_hold_events_only(evidence: Evidence) -> Iterator[str]:
    """Yield the records of our own on topics of events that are no events."""
    types = {row["type"] for service in SERVICES for row in evidence.rows[service]["outbox"]}
    for topic, events in evidence.events.items():
        for event in events:
            if event.body is not None and event.body["type"] not in types:
                yield f"offset {event.offset} of {topic}[{event.partition}] is no event"


def watermarks_are_true(evidence: Evidence) -> Iterator[str]:
    """Yield the events that were written before a watermark that excludes them.

    A watermark on an event excludes what follows it in its partition; a heartbeat excludes what
    stands at its offset or later. A clock that is set back cannot keep that promise, so the events
    of those spans do not count.
    """
    written = {r["id"]: r["written_at"] for s in SERVICES for r in evidence.rows[s]["outbox"]}
    for topic, events in evidence.events.items():
        promises = _promises(evidence, topic)
        seen: set[str] = set()
        for event in sorted(events, key=lambda e: (e.partition, e.offset)):
            if event.body is None or (event_id := event.body["id"]) in seen:
                continue
            seen.add(event_id)
            reached = _latest(promises[event.partition], event.offset)
            at = written.get(event_id, reached)
            if at < reached and not any(a <= at <= b for a, b in evidence.entries.lived_again):
                yield f"{event.body['type']} {event_id} follows a watermark that passed it"


def _promises(evidence: Evidence, topic: str) -> dict[int, list[tuple[int, datetime]]]:
    """Return for each partition from which offset on which watermark holds, the latest up to it."""
    said: dict[int, list[tuple[int, datetime]]] = defaultdict(list)
    for event in evidence.events[topic]:
        if event.watermark is not None:
            said[event.partition].append((event.offset + 1, event.watermark))
    for sent in evidence.heartbeats.get(topic, ()):
        said[sent.heartbeat.partition].append((sent.heartbeat.offset, sent.heartbeat.watermark))
    promises: dict[int, list[tuple[int, datetime]]] = defaultdict(list)
    for partition, promised in said.items():
        latest = LONG_AGO
        for offset, watermark in sorted(promised):
            latest = max(latest, watermark)
            promises[partition].append((offset, latest))
    return promises


def _latest(promises: list[tuple[int, datetime]], offset: int) -> datetime:
    """Return the latest watermark that holds at an offset."""
    place = bisect_right(promises, offset, key=lambda promise: promise[0])
    return promises[place - 1][1] if place else LONG_AGO
