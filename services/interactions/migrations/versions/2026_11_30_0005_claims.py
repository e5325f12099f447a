"""Indexes by which waiting work is claimed tenant by tenant."""

from alembic import op

revision = "2026_11_30_0005"
down_revision = "2026_11_29_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX raw_delivery_of_tenant ON raw_delivery (tenant_id, received_at)"
        " WHERE state = 'received'"
    )
    op.execute(
        "CREATE INDEX unresolved_of_tenant ON unresolved (tenant_id, next_attempt_at)"
        " WHERE refused IS NULL"
    )


def downgrade() -> None:
    op.execute("DROP INDEX raw_delivery_of_tenant")
    op.execute("DROP INDEX unresolved_of_tenant")
