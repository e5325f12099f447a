"""Every event of an outbox was published, nothing else was, and the order was kept."""

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


def watermarks_are_true(evidence: Evidence) -> Iterator[str]:
    """Yield the events that were written before a watermark but follow it in its partition.

    Consumers rely on a watermark to exclude such events. A clock that is set back cannot keep that
    promise, so the events of those spans do not count.
    """
    written = {r["id"]: r["written_at"] for s in SERVICES for r in evidence.rows[s]["outbox"]}
    for topic in evidence.events:
        promised: dict[int, datetime] = {}
        seen: set[str] = set()
        for event in evidence.events[topic]:
            reached = promised.get(event.partition, LONG_AGO)
            if event.body is not None and (event_id := event.body["id"]) not in seen:
                seen.add(event_id)
                at = written.get(event_id, reached)
                if at < reached and not any(a <= at <= b for a, b in evidence.entries.lived_again):
                    yield f"{event.body['type']} {event_id} follows a watermark that passed it"
            promised[event.partition] = max(event.watermark or reached, reached)
