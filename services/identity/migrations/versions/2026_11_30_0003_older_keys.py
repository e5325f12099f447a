"""Finds identifiers that an older normaliser keyed, and lists keys that two customers had."""

from alembic import op

from common.migrations import build_index

revision = "2026_11_30_0003"
down_revision = "2026_11_30_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The next version of the normaliser brings an index of its own, and drops this one.
    build_index(
        "identifier_of_older_normaliser",
        on="identifier (tenant_id, type, scope, value) WHERE normaliser_version < 2",
    )
    op.execute(
        """
        CREATE TABLE key_conflict (
            tenant_id           text        NOT NULL,
            type                text        NOT NULL,
            scope               text        NOT NULL,
            value               text        NOT NULL,
            -- Who lost the identifier, and to whom.
            customer_id         uuid        NOT NULL,
            held_by             uuid        NOT NULL,
            raw                 text        NOT NULL,
            level               text        NOT NULL,
            reason              text        NOT NULL,
            normaliser_version  integer     NOT NULL,
            found_at            timestamptz NOT NULL,
            PRIMARY KEY (tenant_id, type, scope, value, customer_id),
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customer (tenant_id, id),
            FOREIGN KEY (tenant_id, held_by) REFERENCES customer (tenant_id, id)
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE key_conflict")
    op.execute("DROP INDEX identifier_of_older_normaliser")
