"""Checkpoints name the side that writes alone in them, so that a late fact skips any long run.

The side of the customer takes the place of the flag ``quiet``; the other sides come with the
checkpoints that are written from now on. The table is small: a row for some 200 facts of a long
conversation.
"""

from alembic import op

revision = "2026_11_30_0008"
down_revision = "2026_11_30_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE checkpoint ADD COLUMN side text")
    op.execute("UPDATE checkpoint SET side = 'c' WHERE quiet")
    op.execute("DROP INDEX checkpoint_not_quiet")
    op.execute("ALTER TABLE checkpoint DROP COLUMN quiet")


def downgrade() -> None:
    op.execute("DELETE FROM checkpoint")  # States of a run may be out of date.
    op.execute("DELETE FROM fold")
    op.execute("ALTER TABLE checkpoint DROP COLUMN side")
    op.execute("ALTER TABLE checkpoint ADD COLUMN quiet boolean NOT NULL DEFAULT false")
    op.execute(
        "CREATE INDEX checkpoint_not_quiet ON checkpoint"
        " (tenant_id, conversation_id, start_at, start_rank, start_sequence) WHERE NOT quiet"
    )
