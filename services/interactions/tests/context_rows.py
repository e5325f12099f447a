"""Rows and events around a context, in named situations, for tests."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from common.ids import new_id
from common.jsons import dumps, dumps_text
from common.messaging import Envelope, Received, Record, Stream, body_of
from interactions.context.consumers.clocks import apply_clocks, clocks_stream
from interactions.context.consumers.customers import apply_customers, customers_stream
from interactions.privacy.usecases.erase_people import begin_erasures

TENANT = "demo"
NOW = datetime.now(UTC)

_INTERACTION = text(
    """
    INSERT INTO interaction (tenant_id, origin_customer_id, interaction_id, conversation_id,
        sequence, channel, kind, direction, author_type, author_name, private, automated, subject,
        text, data, identifiers, provider_name, provider_account, provider_message_id, occurred_at,
        received_at, recorded_at, time_source)
    VALUES (:tenant_id, :customer_id, :interaction_id, :conversation_id,
        nextval('interaction_sequence'), :channel, 'message', :direction, :author_type,
        'Anna Berg', :private, :automated, :subject, :text, cast(:data AS jsonb),
        cast(:identifiers AS jsonb), 'twilio', 'AC1', :message_id, :occurred_at, :occurred_at,
        :occurred_at, 'provider')
    RETURNING sequence
    """
)
_CONVERSATION = text(
    """
    INSERT INTO conversation (tenant_id, conversation_id, origin_customer_id, channel, status,
        subject, version, opened_at, last_activity_at)
    VALUES (:tenant_id, :conversation_id, :customer_id, :channel, :status, :subject, 1, :at, :at)
    """
)
_CHANGE = text(
    """
    INSERT INTO change (tenant_id, sequence, type, recorded_at, conversation_id, customer_id,
                        interaction_id)
    SELECT :tenant_id, nextval('interaction_sequence'), 'interaction.recorded', clock_timestamp(),
           :conversation_id, :customer_id, :interaction_id
      FROM (SELECT pg_current_xact_id() AS xid OFFSET 0) me
    RETURNING sequence
    """
)
_PROGRESS = text(
    """
    INSERT INTO consumer_progress (consumer, topic, partition, next_offset, watermark)
    SELECT c, c, p, 1, clock_timestamp() - make_interval(secs => :behind)
      FROM unnest(cast(:consumers AS text[])) c, generate_series(0, 1) p
    ON CONFLICT (consumer, topic, partition) DO UPDATE SET watermark = excluded.watermark
    """
)


async def an_interaction(tx, customer_id, *, at=NOW, tenant_id=TENANT, **given):
    """Insert an interaction and return its id and sequence."""
    interaction_id = given.pop("interaction_id", None) or new_id()
    values = {
        "conversation_id": new_id(),
        "channel": "sms",
        "direction": "inbound",
        "author_type": "customer",
        "private": False,
        "automated": False,
        "subject": None,
        "text": "Where is my order?",
        "data": dumps_text({"order": "118"}),
        "identifiers": dumps_text(
            [{"type": "phone", "value": "+442079460018", "scope": None, "level": "claimed"}]
        ),
        "message_id": f"SM{interaction_id}",
    }
    values |= given | {
        "tenant_id": tenant_id,
        "customer_id": customer_id,
        "interaction_id": interaction_id,
        "occurred_at": at,
    }
    sequence = (await tx.execute(_INTERACTION, values)).scalar_one()
    return interaction_id, sequence


async def a_conversation(tx, customer_id, *, at=NOW, tenant_id=TENANT, **given):
    """Insert a conversation and return its id."""
    conversation_id = new_id()
    values = {"channel": "sms", "status": "open", "subject": "Order 118"} | given
    values |= {
        "tenant_id": tenant_id,
        "conversation_id": conversation_id,
        "customer_id": customer_id,
        "at": at,
    }
    await tx.execute(_CONVERSATION, values)
    return conversation_id


async def a_change(tx, interaction_id, *, customer_id, conversation_id, tenant_id=TENANT):
    """Append to the change feed and return the sequence."""
    values = {
        "tenant_id": tenant_id,
        "conversation_id": conversation_id,
        "customer_id": customer_id,
        "interaction_id": interaction_id,
    }
    return (await tx.execute(_CHANGE, values)).scalar_one()


async def sources_behind(tx, *, customers=0.0, clocks=0.0):
    """Say how many seconds identity's and sla's watermarks are behind."""
    for consumer, behind in (
        ("interactions.customers", customers),
        ("interactions.clocks", clocks),
    ):
        await tx.execute(_PROGRESS, {"consumers": [consumer], "behind": behind})


def an_event(type_, data, *, subject, sequence, tenant_id=TENANT, at=NOW, key=None):
    """Return the record of an event as its producer would have written it."""
    envelope = Envelope(
        id=str(new_id()),
        source="/threadline/test",
        type=type_,
        version=1,
        tenant_id=tenant_id,
        occurred_at=at,
        recorded_at=at + timedelta(seconds=sequence),
        sequence=sequence,
        subject_id=str(subject),
        key=str(key or subject),
    )
    value = dumps(body_of(envelope, data))
    key_bytes = envelope.key.encode()
    return Record(topic="t", partition=0, offset=0, key=key_bytes, value=value, headers=())


def read_all(stream: Stream, records) -> list[Received]:
    """Decode records as the stream does."""
    decoded = [stream.read(record) for record in records]
    return [record for record in decoded if isinstance(record, Received)]


def a_phone(value="+442079460018", *, raw=None, level="verified"):
    return {"type": "phone", "value": value, "raw": raw, "scope": None, "level": level}


def created(customer_id, *, sequence=1, attributes=None, identifiers=(), **more):
    data = {
        "customer_id": customer_id,
        "attributes": attributes or {"name": "Anna Berg"},
        "identifiers": list(identifiers),
        "created_at": NOW,
    }
    return an_event(
        "identity.customer.created", data, subject=customer_id, sequence=sequence, **more
    )


def updated(customer_id, attributes, *, sequence, **more):
    data = {"customer_id": customer_id, "attributes": attributes, "changed": sorted(attributes)}
    return an_event(
        "identity.customer.updated", data, subject=customer_id, sequence=sequence, **more
    )


def merged(survivor_id, absorbed_ids, *, sequence, attributes=None, identifiers=(), **more):
    data = {
        "merge_id": new_id(),
        "survivor_id": survivor_id,
        "absorbed_ids": list(absorbed_ids),
        "attributes": attributes or {},
        "identifiers": list(identifiers),
        "reason": "test",
    }
    return an_event(
        "identity.customer.merged", data, subject=survivor_id, sequence=sequence, **more
    )


def redirected(customer_id, survivor_id, *, sequence, **more):
    data = {"customer_id": customer_id, "survivor_id": survivor_id, "merge_id": new_id()}
    return an_event(
        "identity.customer.redirected", data, subject=customer_id, sequence=sequence, **more
    )


def unmerged(customer_id, survivor_id, restored, *, sequence, **given):
    """``restored`` maps each restored customer to its version and the other ids of its own."""
    more = {name: given.pop(name) for name in ("at", "tenant_id") if name in given}
    data = {
        "customer_id": customer_id,
        "survivor_id": survivor_id,
        "restored": [
            {"customer_id": each, "version": version, "merged_ids": sorted(merged_ids)}
            for each, (version, merged_ids) in restored.items()
        ],
        "merged_ids": [],
        "undo_of": UUID(int=9),
        "merged_at": NOW,
        "attributes": {},
        "identifiers": [],
    } | given
    return an_event(
        "identity.customer.unmerged", data, subject=customer_id, sequence=sequence, **more
    )


def split(customer_id, new_customer_id, identifiers, *, sequence, history_from=None, **more):
    data = {
        "customer_id": customer_id,
        "new_customer_id": new_customer_id,
        "identifiers": list(identifiers),
        "history_from": history_from,
        "reason": "test",
    }
    return an_event("identity.customer.split", data, subject=customer_id, sequence=sequence, **more)


def claimed(customer_id, identifier, *, held_by, sequence, expires_at=None, **more):
    data = {
        "customer_id": customer_id,
        "identifier": identifier | {"level": "claimed"},
        "held_by": held_by,
        "expires_at": expires_at or NOW + timedelta(days=90),
    }
    return an_event(
        "identity.identifier.claimed", data, subject=customer_id, sequence=sequence, **more
    )


def identifier_event(kind, customer_id, identifier, *, sequence, **more):
    """``kind`` is ``added`` or ``removed``."""
    data = {"customer_id": customer_id, "identifier": identifier}
    return an_event(
        f"identity.identifier.{kind}", data, subject=customer_id, sequence=sequence, **more
    )


def clock_event(kind, clock_id, *, sequence, conversation_id, customer_id=None, **given):
    data = {
        "clock_id": clock_id,
        "conversation_id": conversation_id,
        "customer_id": customer_id,
        "metric": "first_response",
        "cycle": 1,
        "state": "running",
        "policy_id": UUID(int=1),
        "policy_version": 1,
        "policy_name": "Fast",
        "target_seconds": 3600,
        "started_at": NOW,
        "due_at": NOW + timedelta(hours=1),
    } | given
    return an_event(f"sla.clock.{kind}", data, subject=clock_id, sequence=sequence)


async def project_customers(api, *records):
    """Apply identity's events to the database behind an API."""
    received = read_all(customers_stream(begin_erasures), records)
    await api.run(apply_customers, received, begin_erasures, now=NOW)


async def project_clocks(api, *records):
    """Apply sla's events to the database behind an API."""
    await api.run(apply_clocks, read_all(clocks_stream(), records), now=NOW)


async def a_customer(api, **event):
    """Project a customer with a phone number; return the id."""
    customer = new_id()
    phone = a_phone(raw="020 7946 0018")
    await project_customers(api, created(customer, **({"identifiers": [phone]} | event)))
    return customer
