"""Customers, their identifiers and attributes, every id ever issued, and the log of merges."""

from alembic import op

from common.migrations import plumbing

revision = "2026_11_23_0001"
down_revision = None
branch_labels = None
depends_on = None

BUCKETS = 16

TABLES = (
    """
    CREATE TABLE customer (
        tenant_id    text        NOT NULL,
        id           uuid        NOT NULL,
        -- The number of the customer's last event: gapless, taken under this row's lock.
        version      bigint      NOT NULL CHECK (version > 0),
        created_at   timestamptz NOT NULL,
        updated_at   timestamptz NOT NULL,
        -- What holds now, with provenance; everything ever told is in attribute_observation.
        attributes   jsonb       NOT NULL,
        merged_into  uuid,
        PRIMARY KEY (tenant_id, id),
        CHECK (merged_into <> id)
    ) PARTITION BY HASH (id)
    """,
    """
    CREATE TABLE identifier (
        tenant_id           text        NOT NULL,
        type                text        NOT NULL,
        scope               text        NOT NULL,
        value               text        NOT NULL,
        raw                 text        NOT NULL,
        level               text        NOT NULL
            CHECK (level IN ('claimed', 'channel_proved', 'verified')),
        customer_id         uuid        NOT NULL,
        source              text,
        normaliser_version  integer     NOT NULL,
        first_seen_at       timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, type, scope, value),
        FOREIGN KEY (tenant_id, customer_id) REFERENCES customer (tenant_id, id)
    )
    """,
    "CREATE INDEX identifier_customer ON identifier (tenant_id, customer_id)",
    """
    -- Every id ever issued, one hop from the customer that answers to it; canonical ids name
    -- themselves.
    CREATE TABLE customer_alias (
        tenant_id     text NOT NULL,
        origin_id     uuid NOT NULL,
        canonical_id  uuid NOT NULL,
        PRIMARY KEY (tenant_id, origin_id),
        FOREIGN KEY (tenant_id, origin_id) REFERENCES customer (tenant_id, id),
        FOREIGN KEY (tenant_id, canonical_id) REFERENCES customer (tenant_id, id)
    )
    """,
    "CREATE INDEX customer_alias_canonical ON customer_alias (tenant_id, canonical_id)",
    """
    CREATE TABLE attribute_observation (
        tenant_id    text        NOT NULL,
        -- The id it was told for, for ever; a merge changes nothing here.
        customer_id  uuid        NOT NULL,
        name         text        NOT NULL,
        observed_at  timestamptz NOT NULL,
        -- Of value, source and verification: the same thing told twice is one row.
        digest       bytea       NOT NULL,
        value        jsonb       NOT NULL,
        source       text,
        verified     boolean     NOT NULL,
        ingested_at  timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, customer_id, name, observed_at, digest)
    ) PARTITION BY HASH (customer_id)
    """,
    """
    CREATE TABLE merge_log (
        tenant_id     text        NOT NULL,
        merge_id      uuid        NOT NULL,
        survivor_id   uuid        NOT NULL,
        absorbed_ids  uuid[]      NOT NULL,
        reason        text        NOT NULL,
        rule          text        NOT NULL,
        actor         text        NOT NULL,
        evidence      jsonb       NOT NULL,
        -- Survivor and absorbed customers as they were: identifiers, attributes, ids, versions.
        before        jsonb       NOT NULL,
        merged_at     timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, merge_id),
        FOREIGN KEY (tenant_id, survivor_id) REFERENCES customer (tenant_id, id)
    )
    """,
    "CREATE INDEX merge_log_survivor ON merge_log (tenant_id, survivor_id, merged_at)",
)

PARTITIONED = ("customer", "attribute_observation")


def upgrade() -> None:
    for statement in (*plumbing(), *TABLES):
        op.execute(statement)
    for table in PARTITIONED:
        for bucket in range(BUCKETS):
            op.execute(
                f"CREATE TABLE {table}_{bucket:02} PARTITION OF {table} "
                f"FOR VALUES WITH (MODULUS {BUCKETS}, REMAINDER {bucket})"
            )


def downgrade() -> None:
    for table in (
        "merge_log", "attribute_observation", "customer_alias", "identifier", "customer",
        "outbox", "inbox", "consumer_progress", "dead_letter", "idempotency", "api_key",
    ):  # fmt: skip
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP SEQUENCE outbox_position")
