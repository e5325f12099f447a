"""Indexes by customer end with the tenant, so that one of them meets both conditions of a read.

Without it the planner, while a table has no statistics, joins this index by a bitmap with the
primary key, of which it reads all rows of the tenant for each customer.

It comes before migrations that lock these tables: the indexes are built while others write.
"""

from alembic import op

from common.migrations import build_index

revision = "2026_11_30_0004b"
down_revision = "2026_11_30_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    build_index("identifier_of_one", on="identifier (customer_id, tenant_id)")
    build_index("customer_alias_of_one", on="customer_alias (canonical_id, tenant_id)")
    op.execute("DROP INDEX identifier_of_customer, customer_alias_of_canonical")


def downgrade() -> None:
    build_index("identifier_of_customer", on="identifier (customer_id)")
    build_index("customer_alias_of_canonical", on="customer_alias (canonical_id)")
    op.execute("DROP INDEX identifier_of_one, customer_alias_of_one")
