"""The index of aliases by canonical customer starts with the customer, as identity's does.

While a table is nearly empty, an index that starts with the tenant costs Postgres as little as the
primary key for finding one id. A connection keeps that plan, and reads every alias of the tenant
until the table is analysed.
"""

from alembic import op

from common.migrations import build_index

revision = "2026_11_30_0008"
down_revision = "2026_11_30_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    build_index("customer_alias_of_canonical", on="customer_alias (canonical_id)")
    op.execute("DROP INDEX customer_alias_canonical")


def downgrade() -> None:
    build_index("customer_alias_canonical", on="customer_alias (tenant_id, canonical_id)")
    op.execute("DROP INDEX customer_alias_of_canonical")
