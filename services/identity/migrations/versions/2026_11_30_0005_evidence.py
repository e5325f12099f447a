"""Keeps which identifiers were proved together, who claims what, and what many share.

Nothing stored is rewritten: an identifier of before has no evidence, and stays bound to the others
of its customer until a request brings evidence about it.
"""

from alembic import op

revision = "2026_11_30_0005"
down_revision = "2026_11_30_0004b"
branch_labels = None
depends_on = None

TABLES = (
    """
    ALTER TABLE identifier
        ADD COLUMN has_evidence          boolean     NOT NULL DEFAULT false,
        -- When it was first verified; null of one that was verified before this was kept.
        ADD COLUMN verified_at           timestamptz,
        ADD COLUMN birth_dates           text[]      NOT NULL DEFAULT '{}',
        ADD COLUMN verified_birth_dates  text[]      NOT NULL DEFAULT '{}'
    """,
    """
    -- Two identifiers that are one person's, the smaller first; cannot-link says the opposite.
    CREATE TABLE link (
        tenant_id      text        NOT NULL,
        low_type       text        NOT NULL,
        low_scope      text        NOT NULL,
        low_value      text        NOT NULL,
        high_type      text        NOT NULL,
        high_scope     text        NOT NULL,
        high_value     text        NOT NULL,
        rule           text        NOT NULL
            CHECK (rule IN ('together', 'before-evidence', 'must-link', 'cannot-link')),
        first_seen_at  timestamptz NOT NULL,
        last_seen_at   timestamptz NOT NULL,
        -- When they were last verified together, null if never.
        verified_at    timestamptz,
        source         text,
        PRIMARY KEY (tenant_id, low_type, low_scope, low_value,
                     high_type, high_scope, high_value, rule)
    )
    """,
    "CREATE INDEX link_of_high ON link (high_value, high_scope, high_type, tenant_id)",
    """
    -- Who claims an identifier that is somebody else's.
    CREATE TABLE claim (
        tenant_id    text        NOT NULL,
        type         text        NOT NULL,
        scope        text        NOT NULL,
        value        text        NOT NULL,
        -- The id it was claimed for; a merge changes nothing here.
        customer_id  uuid        NOT NULL,
        raw          text        NOT NULL,
        source       text,
        claimed_at   timestamptz NOT NULL,
        expires_at   timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, type, scope, value, customer_id),
        FOREIGN KEY (tenant_id, customer_id) REFERENCES customer (tenant_id, id)
    )
    """,
    "CREATE INDEX claim_of_customer ON claim (customer_id)",
    """
    -- Identifiers that many share: nothing is found by them.
    CREATE TABLE quarantine (
        tenant_id             text        NOT NULL,
        type                  text        NOT NULL,
        scope                 text        NOT NULL,
        value                 text        NOT NULL,
        -- Whose it was.
        customer_id           uuid        NOT NULL,
        raw                   text        NOT NULL,
        level                 text        NOT NULL,
        source                text,
        first_seen_at         timestamptz NOT NULL,
        verified_at           timestamptz,
        birth_dates           text[]      NOT NULL,
        verified_birth_dates  text[]      NOT NULL,
        reason                text        NOT NULL,
        since                 timestamptz NOT NULL,
        -- When a person decided that it is somebody's after all.
        released_at           timestamptz,
        PRIMARY KEY (tenant_id, type, scope, value),
        FOREIGN KEY (tenant_id, customer_id) REFERENCES customer (tenant_id, id)
    )
    """,
    "CREATE INDEX quarantine_of_customer ON quarantine (customer_id)",
    """
    -- What persons decided of two customers; the links of these rules carry it out.
    CREATE TABLE decision (
        tenant_id     text        NOT NULL,
        decision_id   uuid        NOT NULL,
        kind          text        NOT NULL CHECK (kind IN ('must-link', 'cannot-link')),
        customer_id   uuid        NOT NULL,
        other_id      uuid        NOT NULL,
        -- The identifiers that stand for the two; empty if either has none.
        keys          jsonb       NOT NULL,
        actor         text        NOT NULL,
        reason        text        NOT NULL,
        decided_at    timestamptz NOT NULL,
        undo_of       uuid,
        merge_id      uuid,
        withdrawn_at  timestamptz,
        PRIMARY KEY (tenant_id, decision_id),
        FOREIGN KEY (tenant_id, customer_id) REFERENCES customer (tenant_id, id),
        FOREIGN KEY (tenant_id, other_id) REFERENCES customer (tenant_id, id)
    )
    """,
    "CREATE INDEX decision_of_customer ON decision (customer_id)",
    "CREATE INDEX decision_of_other ON decision (other_id)",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE decision, quarantine, claim, link")
    op.execute(
        "ALTER TABLE identifier DROP COLUMN has_evidence, DROP COLUMN verified_at,"
        " DROP COLUMN birth_dates, DROP COLUMN verified_birth_dates"
    )
