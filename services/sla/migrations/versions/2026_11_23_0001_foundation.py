"""The first tables: calendars, policies, what is known of conversations, clocks, alerts."""

from alembic import op

from common.migrations import schema

revision = "2026_11_23_0001"
down_revision = None
branch_labels = None
depends_on = None

FACT_PARTITIONS = 16

RULES = (
    # A revision is one state of all of a tenant's rules; the head row serialises changes to them.
    """
    CREATE TABLE ruleset_head (
        tenant_id   text        PRIMARY KEY,
        revision    bigint      NOT NULL
    )
    """,
    """
    CREATE TABLE ruleset (
        tenant_id   text        NOT NULL,
        revision    bigint      NOT NULL,
        created_at  timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, revision)
    )
    """,
    """
    CREATE TABLE calendar_version (
        tenant_id      text        NOT NULL,
        calendar_id    text        NOT NULL,
        version        integer     NOT NULL,
        name           text        NOT NULL,
        body           jsonb       NOT NULL,
        from_revision  bigint      NOT NULL,
        to_revision    bigint,
        created_at     timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, calendar_id, version)
    )
    """,
    """
    CREATE UNIQUE INDEX calendar_current ON calendar_version (tenant_id, calendar_id)
    WHERE to_revision IS NULL
    """,
    """
    CREATE UNIQUE INDEX calendar_name ON calendar_version (tenant_id, name)
    WHERE to_revision IS NULL
    """,
    """
    CREATE TABLE policy_version (
        tenant_id      text        NOT NULL,
        policy_id      uuid        NOT NULL,
        version        integer     NOT NULL,
        name           text        NOT NULL,
        position       integer     NOT NULL,
        enabled        boolean     NOT NULL,
        body           jsonb       NOT NULL,
        from_revision  bigint      NOT NULL,
        to_revision    bigint,
        created_at     timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, policy_id, version)
    )
    """,
    """
    CREATE UNIQUE INDEX policy_current ON policy_version (tenant_id, policy_id)
    WHERE to_revision IS NULL
    """,
    """
    CREATE UNIQUE INDEX policy_position ON policy_version (tenant_id, position)
    WHERE to_revision IS NULL
    """,
)

CONVERSATIONS = (
    """
    CREATE TABLE conversation (
        tenant_id         text        NOT NULL,
        conversation_id   uuid        NOT NULL,
        customer_id       uuid,
        attributes        jsonb       NOT NULL,
        last_sequence     bigint      NOT NULL,
        first_recorded_at timestamptz NOT NULL,
        -- The rules it was matched by; it keeps them until it is re-applied on purpose.
        revision          bigint,
        source_partition  integer     NOT NULL,
        test              boolean     NOT NULL,
        PRIMARY KEY (tenant_id, conversation_id)
    )
    """,
    """
    CREATE TABLE fact (
        tenant_id        text        NOT NULL,
        conversation_id  uuid        NOT NULL,
        sequence         bigint      NOT NULL,
        kind             text        NOT NULL,
        occurred_at      timestamptz NOT NULL,
        recorded_at      timestamptz NOT NULL,
        backfill         boolean     NOT NULL,
        status           text,
        opened_by        text,
        attributes       jsonb,
        PRIMARY KEY (tenant_id, conversation_id, sequence)
    ) PARTITION BY HASH (conversation_id)
    """,
    *(
        f"CREATE TABLE fact_{n} PARTITION OF fact"
        f" FOR VALUES WITH (MODULUS {FACT_PARTITIONS}, REMAINDER {n})"
        for n in range(FACT_PARTITIONS)
    ),
)

CLOCKS = (
    """
    CREATE TABLE clock (
        tenant_id         text        NOT NULL,
        clock_id          uuid        NOT NULL,
        conversation_id   uuid        NOT NULL,
        customer_id       uuid,
        metric            text        NOT NULL,
        cycle             integer     NOT NULL,
        state             text        NOT NULL,
        policy_id         uuid        NOT NULL,
        policy_version    integer     NOT NULL,
        policy_name       text        NOT NULL,
        target_seconds    integer     NOT NULL,
        calendar_id       text,
        calendar_version  integer,
        started_at        timestamptz NOT NULL,
        due_at            timestamptz,
        met_at            timestamptz,
        breached_at       timestamptz,
        detected_at       timestamptz,
        ended_at          timestamptz,
        in_force_at       timestamptz NOT NULL,
        confirmed         boolean,
        reason            text,
        silent            boolean     NOT NULL,
        superseded        boolean     NOT NULL,
        test              boolean     NOT NULL,
        pauses            jsonb       NOT NULL,
        warnings          jsonb       NOT NULL,
        warned            jsonb       NOT NULL,
        version           bigint      NOT NULL,
        next_fire_at      timestamptz,
        confirm_at        timestamptz,
        source_partition  integer     NOT NULL,
        sort_at           timestamptz NOT NULL
            GENERATED ALWAYS AS (coalesce(due_at, 'infinity'::timestamptz)) STORED,
        PRIMARY KEY (tenant_id, clock_id),
        UNIQUE (tenant_id, conversation_id, metric, cycle)
    )
    """,
    # What a timer has to look at: small, whatever the number of clocks.
    """
    CREATE INDEX clock_next_fire ON clock (source_partition, next_fire_at)
    WHERE next_fire_at IS NOT NULL
    """,
    """
    CREATE INDEX clock_unconfirmed ON clock (source_partition, confirm_at)
    WHERE confirm_at IS NOT NULL
    """,
    "CREATE INDEX clock_by_due ON clock (tenant_id, sort_at, clock_id)",
    "CREATE INDEX clock_by_state ON clock (tenant_id, state, sort_at, clock_id)",
)

ALERTS = (
    "CREATE SEQUENCE alert_position",
    """
    CREATE TABLE alert (
        -- The order of the first two matters: a transaction has its id before it takes a number,
        -- on which the safe end of the feed rests.
        xid          xid8        NOT NULL DEFAULT pg_current_xact_id(),
        position     bigint      NOT NULL DEFAULT nextval('alert_position'),
        tenant_id    text        NOT NULL,
        type         text        NOT NULL,
        body         text        NOT NULL,
        recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (tenant_id, position, recorded_at)
    ) PARTITION BY RANGE (recorded_at)
    """,
    "CREATE TABLE alert_default PARTITION OF alert DEFAULT",
    "CREATE INDEX alert_by_position ON alert (position)",
)


def upgrade() -> None:
    for statement in (*schema.plumbing(), *RULES, *CONVERSATIONS, *CLOCKS, *ALERTS):
        op.execute(statement)


def downgrade() -> None:
    for table in (
        "alert", "clock", "fact", "conversation", "policy_version", "calendar_version",
        "ruleset", "ruleset_head",
        "outbox", "inbox", "consumer_progress", "dead_letter", "idempotency", "api_key",
    ):  # fmt: skip
        op.execute(f"DROP TABLE {table}")
    for sequence in ("alert_position", "outbox_position"):
        op.execute(f"DROP SEQUENCE {sequence}")
