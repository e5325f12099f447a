"""Profiles, blocking keys, models and candidates of probabilistic matching.

Customers that exist already are queued by the job, a page at a time, and compared like those that
change. No table refers to customers: a reference would lock the customers of a batch against
resolutions until the job has committed it. Who deletes a customer deletes these rows, too.
"""

from alembic import op

revision = "2026_11_30_0009"
down_revision = "2026_11_30_0008"
branch_labels = None
depends_on = None

RULES = "'together', 'alike', 'before-evidence', 'must-link', 'cannot-link'"
TABLES = (
    """
    -- Customers whose profiles are to be read again. Rows are only added and deleted, so that a
    -- resolution never waits for the job.
    CREATE TABLE match_queue (
        position     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        tenant_id    text   NOT NULL,
        customer_id  uuid   NOT NULL
    )
    """,
    """
    -- What is compared of a customer, under the id by which it was reported; a merge changes
    -- nothing here.
    CREATE TABLE match_profile (
        tenant_id    text     NOT NULL,
        customer_id  uuid     NOT NULL,
        profile      jsonb    NOT NULL,
        keys         bigint[] NOT NULL,
        -- The model with which the profile was last compared; -1 before that.
        model        integer  NOT NULL,
        -- Chooses the sample that a model is learned from.
        draw         integer  NOT NULL,
        PRIMARY KEY (tenant_id, customer_id)
    )
    """,
    "CREATE INDEX match_profile_by_model ON match_profile (tenant_id, model, customer_id)",
    "CREATE INDEX match_profile_by_draw ON match_profile (tenant_id, draw)",
    """
    -- Written and deleted with the profile, which has the same keys. A key is one tenant's alone:
    -- the index, which is most of what matching writes, does without the tenant.
    CREATE TABLE match_key (
        tenant_id    text   NOT NULL,
        key          bigint NOT NULL,
        customer_id  uuid   NOT NULL,
        PRIMARY KEY (key, customer_id)
    )
    """,
    """
    CREATE TABLE match_tenant (
        tenant_id        text    PRIMARY KEY,
        profiles         bigint  NOT NULL,
        profile_version  integer NOT NULL,
        -- Whether profiles wait to be compared, or candidates to be decided.
        is_pending       boolean NOT NULL,
        -- A tenant whose matching somebody runs by hand is left alone by the job.
        is_held          boolean NOT NULL DEFAULT false,
        model_version    integer NOT NULL DEFAULT 0,
        model            jsonb,
        learned_from     bigint  NOT NULL DEFAULT 0,
        learned_labels   bigint  NOT NULL DEFAULT 0
    )
    """,
    "CREATE INDEX match_tenant_pending ON match_tenant (tenant_id) WHERE is_pending",
    """
    -- Two profiles that may be one person. What a person decided stays for ever.
    CREATE TABLE match_candidate (
        tenant_id      text             NOT NULL,
        candidate_id   uuid             NOT NULL,
        left_id        uuid             NOT NULL,
        right_id       uuid             NOT NULL,
        state          text             NOT NULL CHECK (state IN (
            'proposed', 'open', 'merged', 'expired', 'same', 'different')),
        log_odds       double precision NOT NULL,
        evidence       jsonb            NOT NULL,
        refusal        text,
        model_version  integer          NOT NULL,
        sequence       integer          NOT NULL,
        found_at       timestamptz      NOT NULL,
        decided_at     timestamptz,
        decided_by     text,
        reason         text,
        PRIMARY KEY (tenant_id, left_id, right_id),
        CHECK (left_id < right_id)
    )
    """,
    "CREATE UNIQUE INDEX match_candidate_id ON match_candidate (tenant_id, candidate_id)",
    "CREATE INDEX match_candidate_right ON match_candidate (right_id, tenant_id)",
    """
    CREATE INDEX match_candidate_by_state
    ON match_candidate (tenant_id, state, log_odds DESC, candidate_id DESC)
    """,
    """
    -- Up to where the customers of before are queued; the row goes when all are.
    CREATE TABLE match_backfill (
        tenant_id    text NOT NULL,
        customer_id  uuid NOT NULL
    )
    """,
    "INSERT INTO match_backfill VALUES ('', '00000000-0000-0000-0000-000000000000')",
    # Every stored link passes the wider check: there is nothing to validate.
    "ALTER TABLE link DROP CONSTRAINT link_rule_check",
    f"ALTER TABLE link ADD CONSTRAINT link_rule_check CHECK (rule IN ({RULES})) NOT VALID",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    op.execute(
        "DROP TABLE match_candidate, match_tenant, match_key, match_profile, match_queue,"
        " match_backfill"
    )
    # What likeness joined stays joined: the version before calls it a proof of before.
    op.execute("UPDATE link SET rule = 'before-evidence' WHERE rule = 'alike'")
    op.execute("ALTER TABLE link DROP CONSTRAINT link_rule_check")
    op.execute(
        "ALTER TABLE link ADD CONSTRAINT link_rule_check CHECK"
        " (rule IN ('together', 'before-evidence', 'must-link', 'cannot-link')) NOT VALID"
    )
