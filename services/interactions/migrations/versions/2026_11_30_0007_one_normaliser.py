"""Customers are found by the keys of the shared normaliser; channel accounts may have a region.

What the table held until now are foldings of spellings, which could hit another customer. It begins
empty: a look-up that misses asks identity, and a timer fills it from the profiles. ``rekeying``
says how far that is.
"""

from alembic import op

revision = "2026_11_30_0007"
down_revision = "2026_11_30_0006"
branch_labels = None
depends_on = None


_CREATE = """
    CREATE TABLE known_identifier (
        tenant_id          text        NOT NULL,
        type               text        NOT NULL,
        scope              text        NOT NULL DEFAULT '',
        lookup_key         text        NOT NULL,
        customer_id        uuid        NOT NULL,
        level              text        NOT NULL,
        asserted_at        timestamptz NOT NULL DEFAULT clock_timestamp(){version},
        PRIMARY KEY (tenant_id, type, scope, lookup_key)
    )
    """
# The version before writes its foldings without a version: no look-up finds those.
_VERSION = """,
        normaliser_version integer     NOT NULL DEFAULT 0"""
_INDEX = "CREATE INDEX known_identifier_of_customer ON known_identifier (customer_id)"
_FORMER_INDEX = (
    "CREATE INDEX known_identifier_customer ON known_identifier (tenant_id, customer_id)"
)


def upgrade() -> None:
    op.execute("ALTER TABLE channel_account ADD COLUMN region text")
    op.execute("DROP TABLE known_identifier")
    op.execute(_CREATE.format(version=_VERSION))
    op.execute(_INDEX)
    op.execute(
        """
        CREATE TABLE rekeying (
            normaliser_version integer NOT NULL PRIMARY KEY,
            -- The last profile that is done.
            tenant_id          text    NOT NULL,
            customer_id        uuid    NOT NULL,
            finished           boolean NOT NULL
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE rekeying")
    op.execute("DROP TABLE known_identifier")
    op.execute(_CREATE.format(version=""))
    op.execute(_FORMER_INDEX)
    op.execute("ALTER TABLE channel_account DROP COLUMN region")
