"""Keeps the tenants' rules in versions, which is in force, and the runs over what is stored."""

from alembic import op

revision = "2026_11_30_0013"
down_revision = "2026_11_30_0012"
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE rule_set (
        tenant_id   text        NOT NULL,
        version     integer     NOT NULL CHECK (version > 0),
        body        jsonb       NOT NULL,
        note        text,
        created_at  timestamptz NOT NULL,
        created_by  text        NOT NULL,
        PRIMARY KEY (tenant_id, version)
    )
    """,
    """
    CREATE TABLE rules_in_force (
        tenant_id  text        NOT NULL PRIMARY KEY,
        -- 0 for the service's settings.
        version    integer     NOT NULL CHECK (version >= 0),
        -- Grows with each version that comes into force and with each type that is registered.
        revision   bigint      NOT NULL CHECK (revision > 0),
        -- Null as long as no version was applied.
        since      timestamptz
    )
    """,
    """
    -- A version compared with, or applied to, all customers of its tenant.
    CREATE TABLE rule_run (
        tenant_id      text        NOT NULL,
        id             uuid        NOT NULL,
        kind           text        NOT NULL CHECK (kind IN ('simulation', 'application')),
        version        integer     NOT NULL,
        base_version   integer     NOT NULL,
        state          text        NOT NULL
            CHECK (state IN ('running', 'done', 'superseded', 'failed')),
        -- What it looks at, and the last that it has looked at.
        phase          text        NOT NULL
            CHECK (phase IN ('bounds', 'persons', 'visitors', 'quarantine')),
        position       jsonb       NOT NULL,
        -- How many customers there were when it began; null until it has begun.
        customers      bigint,
        visited        bigint      NOT NULL,
        counts         jsonb       NOT NULL,
        failures       integer     NOT NULL,
        problem        text,
        started_by     text        NOT NULL,
        started_at     timestamptz NOT NULL,
        advanced_at    timestamptz NOT NULL,
        finished_at    timestamptz,
        PRIMARY KEY (tenant_id, id)
    )
    """,
    "CREATE INDEX rule_run_finished ON rule_run (finished_at) WHERE finished_at IS NOT NULL",
    "CREATE INDEX rule_run_unfinished ON rule_run (advanced_at) WHERE state = 'running'",
    """
    CREATE TABLE rule_run_change (
        tenant_id    text  NOT NULL,
        run_id       uuid  NOT NULL,
        customer_id  uuid  NOT NULL,
        phase        text  NOT NULL,
        change       jsonb NOT NULL,
        PRIMARY KEY (tenant_id, run_id, customer_id, phase)
    )
    """,
    # The versions by which it was decided; nothing is rewritten, as the default is a constant.
    "ALTER TABLE merge_log ADD COLUMN rules_version integer NOT NULL DEFAULT 0",
    "ALTER TABLE quarantine ADD COLUMN rules_version integer NOT NULL DEFAULT 0",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    for table in ("quarantine", "merge_log"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN rules_version")
    op.execute("DROP TABLE rule_run_change, rule_run, rules_in_force, rule_set")
