"""Erasures under way, the ids of everybody erased, and what a customer has by index."""

from alembic import op

from common.migrations import build_index, erasing

revision = "2026_11_30_0009"
down_revision = "2026_11_30_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in erasing():
        op.execute(statement)
    build_index("clock_of_customer", on="clock (customer_id)")
    build_index("conversation_of_customer", on="conversation (customer_id)")


def downgrade() -> None:
    op.execute("DROP INDEX clock_of_customer, conversation_of_customer")
    op.execute("DROP TABLE erased_subject")
    op.execute("DROP TABLE erasure_work")
