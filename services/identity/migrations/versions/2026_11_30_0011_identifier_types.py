"""Types of identifiers that tenants register, in versions."""

from alembic import op

revision = "2026_11_30_0011"
down_revision = "2026_11_30_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE identifier_type (
            tenant_id      text        NOT NULL,
            type           text        NOT NULL,
            version        integer     NOT NULL CHECK (version > 0),
            name           text        NOT NULL,
            comparison     text        NOT NULL CHECK (comparison IN ('exact', 'folded')),
            scope          text        NOT NULL
                CHECK (scope IN ('required', 'optional', 'ignored')),
            category       text        NOT NULL
                CHECK (category IN ('own_number', 'contact_point', 'device')),
            registered_at  timestamptz NOT NULL,
            registered_by  text        NOT NULL,
            PRIMARY KEY (tenant_id, type, version)
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE identifier_type")
