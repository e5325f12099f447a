"""A name for the set of facts known of a conversation, by which a fold of them goes on."""

from alembic import op

revision = "2026_11_27_0002"
down_revision = "2026_11_23_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE conversation ADD COLUMN ledger uuid")


def downgrade() -> None:
    op.execute("ALTER TABLE conversation DROP COLUMN ledger")
