"""Indexes by which waiting work is claimed tenant by tenant."""

from alembic import op

from common.migrations import build_index

revision = "2026_11_30_0005"
down_revision = "2026_11_29_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    build_index(
        "unresolved_of_tenant", on="unresolved (tenant_id, next_attempt_at) WHERE refused IS NULL"
    )
    # A partitioned table takes no index concurrently; its webhooks wait until this one is built.
    op.execute(
        "CREATE INDEX raw_delivery_of_tenant ON raw_delivery (tenant_id, received_at)"
        " WHERE state = 'received'"
    )


def downgrade() -> None:
    op.execute("DROP INDEX raw_delivery_of_tenant")
    op.execute("DROP INDEX unresolved_of_tenant")
