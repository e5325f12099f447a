"""Erasures under way, the ids of everybody erased, and what a customer has by index."""

from alembic import op

from common.migrations import build_index, erasing

revision = "2026_11_30_0010"
down_revision = "2026_11_30_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in erasing():
        op.execute(statement)
    build_index("sla_clock_of_customer", on="sla_clock (customer_id)")
    build_index("customer_pointer_of_target", on="customer_pointer (target_id)")


def downgrade() -> None:
    op.execute("DROP INDEX sla_clock_of_customer, customer_pointer_of_target")
    op.execute("DROP TABLE erased_subject")
    op.execute("DROP TABLE erasure_work")
