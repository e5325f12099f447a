"""Indexes by customer start with the customer, so that they answer no other question.

While a table is nearly empty, an index that starts with the tenant costs Postgres as little as the
primary key for finding one identifier. A connection keeps that plan, and reads every identifier of
the tenant until the table is analysed.
"""

from alembic import op

from common.migrations import build_index

revision = "2026_11_30_0002"
down_revision = "2026_11_23_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    build_index("identifier_of_customer", on="identifier (customer_id)")
    build_index("customer_alias_of_canonical", on="customer_alias (canonical_id)")
    op.execute("DROP INDEX identifier_customer, customer_alias_canonical")


def downgrade() -> None:
    build_index("identifier_customer", on="identifier (tenant_id, customer_id)")
    build_index("customer_alias_canonical", on="customer_alias (tenant_id, canonical_id)")
    op.execute("DROP INDEX identifier_of_customer, customer_alias_of_canonical")
