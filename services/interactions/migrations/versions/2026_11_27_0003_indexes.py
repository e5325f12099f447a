"""Indexes that nobody can take for that of the primary key.

On a table without statistics every index that begins with the tenant looks as good as the next, and
the one chosen to find a row by its id read all rows of the tenant until the table was analysed.
"""

from alembic import op

revision = "2026_11_27_0003"
down_revision = "2026_11_23_0002"
branch_labels = None
depends_on = None

_REPLACED = ("conversation_customer", "interaction_conversation")


def upgrade() -> None:
    _replace(
        "conversation (origin_customer_id, tenant_id, last_activity_at DESC)",
        "interaction (conversation_id, tenant_id, occurred_at DESC, sequence DESC)",
    )


def downgrade() -> None:
    _replace(
        "conversation (tenant_id, origin_customer_id, last_activity_at DESC)",
        "interaction (tenant_id, conversation_id, occurred_at DESC, sequence DESC)",
    )


def _replace(*columns: str) -> None:
    for name, what in zip(_REPLACED, columns, strict=True):
        op.execute(f"DROP INDEX {name}")
        op.execute(f"CREATE INDEX {name} ON {what}")
