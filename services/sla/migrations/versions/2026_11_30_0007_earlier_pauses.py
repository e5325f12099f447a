"""Clocks list their last pauses only, and sum up those before them.

The column is null in clocks of before, which list all pauses until they change the next time.
"""

from alembic import op

revision = "2026_11_30_0007"
down_revision = "2026_11_30_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # How many pauses are not listed; in microseconds, their length and the time counted by then.
    op.execute("ALTER TABLE clock ADD COLUMN earlier_pauses jsonb")


def downgrade() -> None:
    op.execute("ALTER TABLE clock DROP COLUMN earlier_pauses")
