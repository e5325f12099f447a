"""Checkpoints say whether they are quiet, so that a late fact skips those of a long monologue.

What exists counts as not quiet, which is always right and only slower. The table is small: a row
for some 200 facts of a long conversation.
"""

from alembic import op

revision = "2026_11_30_0006"
down_revision = "2026_11_30_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE checkpoint ADD COLUMN quiet boolean NOT NULL DEFAULT false")
    op.execute(
        "CREATE INDEX checkpoint_not_quiet ON checkpoint"
        " (tenant_id, conversation_id, start_at, start_rank, start_sequence) WHERE NOT quiet"
    )


def downgrade() -> None:
    op.execute("DELETE FROM checkpoint")  # The states behind quiet ones may be out of date.
    op.execute("DELETE FROM fold")
    op.execute("ALTER TABLE checkpoint DROP COLUMN quiet")
