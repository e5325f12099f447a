"""The language of an interaction's text. Null for all that were recorded before.

A column without a default changes only the catalogue: no row is read or written.
"""

from alembic import op

revision = "2026_11_29_0004"
down_revision = "2026_11_27_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE interaction ADD COLUMN locale text")


def downgrade() -> None:
    op.execute("ALTER TABLE interaction DROP COLUMN locale")
