"""Keeps what a decision rested on, and who withdrew it and why.

Adding columns with constant defaults changes the catalogue only. Each statement waits for its lock
at most as long as the run allows.
"""

from alembic import op

revision = "2026_11_30_0007"
down_revision = "2026_11_30_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE decision
            -- What led to it: a caller's request, a review, the undoing of a merge ...
            ADD COLUMN basis              text             NOT NULL DEFAULT 'explicit',
            ADD COLUMN evidence           jsonb            NOT NULL DEFAULT '[]',
            ADD COLUMN score              double precision,
            ADD COLUMN rules_version      integer,
            -- The links that carry it out, besides the one between its keys.
            ADD COLUMN links              jsonb            NOT NULL DEFAULT '[]',
            ADD COLUMN withdrawn_by       text,
            ADD COLUMN withdrawal_reason  text,
            DROP CONSTRAINT decision_kind_check,
            ADD CONSTRAINT decision_kind_check
                CHECK (kind IN ('must-link', 'cannot-link', 'release')) NOT VALID
        """
    )
    op.execute("ALTER TABLE decision VALIDATE CONSTRAINT decision_kind_check")


def downgrade() -> None:
    op.execute("DELETE FROM decision WHERE kind = 'release'")
    op.execute(
        """
        ALTER TABLE decision
            DROP COLUMN basis, DROP COLUMN evidence, DROP COLUMN score, DROP COLUMN rules_version,
            DROP COLUMN links, DROP COLUMN withdrawn_by, DROP COLUMN withdrawal_reason,
            DROP CONSTRAINT decision_kind_check,
            ADD CONSTRAINT decision_kind_check CHECK (kind IN ('must-link', 'cannot-link'))
        """
    )
