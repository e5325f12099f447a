"""Erasures with their reports, and keyed hashes of identifiers that must not lead to a person.

A log of merges outlives a customer who took part in one, so it no longer refers to its row.
"""

from alembic import op

from common.migrations import build_index, erasing

revision = "2026_11_30_0006"
down_revision = "2026_11_30_0005"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE erasure (
        tenant_id     text        NOT NULL,
        erasure_id    uuid        NOT NULL,
        -- The canonical id, then every id that led to it.
        customer_ids  uuid[]      NOT NULL,
        reason        text        NOT NULL,
        actor         text        NOT NULL,
        denied_keys   integer     NOT NULL,
        -- How many rows went in the transaction of the request, by table.
        counts        jsonb       NOT NULL,
        requested_at  timestamptz NOT NULL,
        completed_at  timestamptz,
        receipt       text,
        PRIMARY KEY (tenant_id, erasure_id)
    )
    """,
    """
    CREATE TABLE erasure_report (
        tenant_id          text        NOT NULL,
        erasure_id         uuid        NOT NULL,
        service            text        NOT NULL,
        counts             jsonb       NOT NULL,
        completed_at       timestamptz NOT NULL,
        -- Until when Kafka keeps what the service published before.
        records_expire_at  timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, erasure_id, service)
    )
    """,
    """
    CREATE TABLE denied_key (
        tenant_id  text        NOT NULL,
        digest     bytea       NOT NULL,
        kind       text        NOT NULL CHECK (kind IN ('erased', 'suppressed')),
        cause_id   uuid        NOT NULL,
        denied_at  timestamptz NOT NULL,
        lifted_at  timestamptz,
        PRIMARY KEY (tenant_id, digest, kind)
    )
    """,
    """
    CREATE TABLE suppression (
        tenant_id       text        NOT NULL,
        suppression_id  uuid        NOT NULL,
        type            text        NOT NULL,
        digest          bytea       NOT NULL,
        reason          text        NOT NULL,
        actor           text        NOT NULL,
        created_at      timestamptz NOT NULL,
        lifted_at       timestamptz,
        lift_reason     text,
        PRIMARY KEY (tenant_id, suppression_id)
    )
    """,
)


def upgrade() -> None:
    for statement in (*erasing(), *_TABLES):
        op.execute(statement)
    build_index("merge_log_absorbed", on="merge_log USING gin (absorbed_ids)")
    build_index(
        "merge_log_images",
        on="merge_log USING gin ((jsonb_path_query_array(before, '$[*].identifiers[*].value')))",
    )
    build_index("decision_of_key", on="decision USING gin (keys jsonb_path_ops)")
    # Last, because from here on this transaction has a lock of the log.
    op.execute("ALTER TABLE merge_log DROP CONSTRAINT merge_log_tenant_id_survivor_id_fkey")


def downgrade() -> None:
    op.execute("DROP INDEX merge_log_absorbed, merge_log_images, decision_of_key")
    op.execute(
        "ALTER TABLE merge_log ADD FOREIGN KEY (tenant_id, survivor_id)"
        " REFERENCES customer (tenant_id, id) NOT VALID"
    )
    for table in (
        "suppression", "denied_key", "erasure_report", "erasure", "erased_subject",
        "erasure_work",
    ):  # fmt: skip
        op.execute(f"DROP TABLE {table}")
