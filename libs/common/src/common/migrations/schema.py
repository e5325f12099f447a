"""The shared tables of every service, as SQL. A service's first migration runs ``plumbing()``.

A published list never changes: later additions get functions of their own, so that old migrations
keep their meaning.

Two tables grow with every event and are partitioned by day. Rows leave when a partition is dropped,
which is almost free, instead of by DELETE, which costs twice. ``ensure_days`` creates the days.
"""

from collections.abc import Sequence

_OUTBOX = """
CREATE TABLE outbox (
    -- The order of the first three matters: the transaction has its id before it reads the clock,
    -- so whoever holds a later id wrote later. The relay's watermark rests on that.
    xid            xid8        NOT NULL DEFAULT pg_current_xact_id(),
    written_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    position       bigint      NOT NULL DEFAULT nextval('outbox_position'),
    id             uuid        NOT NULL,
    aggregatetype  text        NOT NULL,
    aggregateid    text        NOT NULL,
    type           text        NOT NULL,
    payload        text        NOT NULL,
    topic          text        NOT NULL,
    key_hash       integer     NOT NULL,
    tenant_id      text        NOT NULL,
    headers        jsonb       NOT NULL,
    published_at   timestamptz,
    PRIMARY KEY (written_at, position)
) PARTITION BY RANGE (written_at)
"""

_INBOX = """
CREATE TABLE inbox (
    consumer     text        NOT NULL,
    source       text        NOT NULL,
    event_id     text        NOT NULL,
    -- The time in the envelope, not ours: a redelivery must meet its first copy's partition.
    recorded_at  timestamptz NOT NULL,
    body_hash    bytea       NOT NULL,
    PRIMARY KEY (consumer, source, event_id, recorded_at)
) PARTITION BY RANGE (recorded_at)
"""

_PLUMBING = (
    "CREATE SEQUENCE outbox_position",
    _OUTBOX,
    "CREATE TABLE outbox_default PARTITION OF outbox DEFAULT",
    "CREATE INDEX outbox_unpublished ON outbox (position) WHERE published_at IS NULL",
    _INBOX,
    "CREATE TABLE inbox_default PARTITION OF inbox DEFAULT",
    """
    CREATE TABLE consumer_progress (
        consumer     text        NOT NULL,
        topic        text        NOT NULL,
        partition    integer     NOT NULL,
        next_offset  bigint      NOT NULL,
        watermark    timestamptz,
        updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (consumer, topic, partition)
    )
    """,
    """
    CREATE TABLE dead_letter (
        dead_letter_id uuid        PRIMARY KEY,
        consumer       text        NOT NULL,
        topic          text        NOT NULL,
        partition      integer     NOT NULL,
        record_offset  bigint      NOT NULL,
        record_key     bytea,
        record_value   bytea,
        headers        jsonb       NOT NULL,
        reason         text        NOT NULL,
        detail         text        NOT NULL,
        attempts       integer     NOT NULL,
        created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
        replayed_at    timestamptz,
        UNIQUE (consumer, topic, partition, record_offset)
    )
    """,
    "CREATE INDEX dead_letter_open ON dead_letter (consumer, created_at) WHERE replayed_at IS NULL",
    """
    CREATE TABLE idempotency (
        tenant_id     text        NOT NULL,
        principal_id  text        NOT NULL,
        route         text        NOT NULL,
        key           text        NOT NULL,
        fingerprint   bytea       NOT NULL,
        status        integer     NOT NULL,
        headers       jsonb       NOT NULL,
        body          bytea       NOT NULL,
        created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (tenant_id, principal_id, route, key)
    )
    """,
    "CREATE INDEX idempotency_age ON idempotency (created_at)",
    """
    CREATE TABLE api_key (
        key_id        text        PRIMARY KEY,
        tenant_id     text        NOT NULL,
        name          text        NOT NULL,
        environment   text        NOT NULL,
        scopes        text[]      NOT NULL,
        digest        bytea       NOT NULL,
        created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
        expires_at    timestamptz,
        revoked_at    timestamptz,
        last_used_on  date
    )
    """,
)


def plumbing() -> Sequence[str]:
    """Return the statements that create outbox, inbox, progress, dead letters, keys."""
    return _PLUMBING


_ERASING = (
    """
    CREATE TABLE erasure_work (
        tenant_id     text        NOT NULL,
        erasure_id    uuid        NOT NULL,
        subject_ids  uuid[]      NOT NULL,
        -- What to look for. The values among them are personal, and go with the last step.
        needles       text[]      NOT NULL,
        begun_by      xid8        NOT NULL DEFAULT pg_current_xact_id(),
        begun_at      timestamptz NOT NULL,
        step          integer     NOT NULL DEFAULT 0,
        cursor        jsonb,
        counts        jsonb       NOT NULL DEFAULT '{}',
        finished_at   timestamptz,
        -- When the next step is due; null when nothing is left to do.
        sweep_at      timestamptz,
        PRIMARY KEY (tenant_id, erasure_id)
    )
    """,
    "CREATE INDEX erasure_work_due ON erasure_work (sweep_at) WHERE sweep_at IS NOT NULL",
    # An event that comes too late with data about one of these finds that there is nobody.
    """
    CREATE TABLE erased_subject (
        tenant_id    text NOT NULL,
        subject_id  uuid NOT NULL,
        erasure_id   uuid NOT NULL,
        PRIMARY KEY (tenant_id, subject_id)
    )
    """,
)


def erasing() -> Sequence[str]:
    """Return the statements that create what ``common.erasing`` works with."""
    return _ERASING
