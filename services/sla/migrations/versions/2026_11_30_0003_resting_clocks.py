"""An index of the clocks that wait without a timer, so that they can be counted."""

from alembic import op

from common.migrations import build_index

revision = "2026_11_30_0003"
down_revision = "2026_11_27_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    build_index(
        "clock_resting",
        on="clock (state) WHERE ended_at IS NULL AND state IN ('paused', 'breached')",
    )


def downgrade() -> None:
    op.execute("DROP INDEX clock_resting")
