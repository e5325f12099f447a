"""The index of a conversation's clocks puts its breaches in order.

In no order, every breach of a long conversation was read for the few that a context shows.
"""

from alembic import op

from common.migrations import build_index

revision = "2026_11_30_0006"
down_revision = "2026_11_30_0005"
branch_labels = None
depends_on = None


_STATES = "WHERE state IN ('running', 'paused', 'breached')"


def upgrade() -> None:
    build_index(
        "sla_clock_of_conversation",
        on=f"sla_clock (conversation_id, tenant_id, breached_at DESC) {_STATES}",
    )
    op.execute("DROP INDEX sla_clock_conversation")


def downgrade() -> None:
    build_index("sla_clock_conversation", on=f"sla_clock (tenant_id, conversation_id) {_STATES}")
    op.execute("DROP INDEX sla_clock_of_conversation")
