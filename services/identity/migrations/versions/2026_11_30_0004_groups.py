"""Households and accounts, their contact points and their members."""

from alembic import op

revision = "2026_11_30_0004"
down_revision = "2026_11_30_0003"
branch_labels = None
depends_on = None

# References to `customer` lock it against other schema changes and against writes, for as long as
# it takes to create an empty table.
TABLES = (
    """
    CREATE TABLE customer_group (
        tenant_id     text        NOT NULL,
        id            uuid        NOT NULL,
        -- The number of the group's last event: gapless, taken under this row's lock.
        version       bigint      NOT NULL CHECK (version > 0),
        kind          text        NOT NULL CHECK (kind IN ('household', 'account')),
        -- The id in the system that keeps the group; a removed group has none.
        source        text,
        external_id   text,
        name          text,
        attributes    jsonb       NOT NULL,
        member_count  integer     NOT NULL CHECK (member_count >= 0),
        created_at    timestamptz NOT NULL,
        updated_at    timestamptz NOT NULL,
        -- A removed group keeps its id and its version, and nothing else.
        removed_at    timestamptz,
        PRIMARY KEY (tenant_id, id),
        CHECK ((removed_at IS NULL) = (external_id IS NOT NULL)),
        CHECK ((source IS NULL) = (external_id IS NULL))
    )
    """,
    """
    CREATE UNIQUE INDEX customer_group_by_external_id
        ON customer_group (tenant_id, source, external_id)
    """,
    """
    CREATE INDEX customer_group_present
        ON customer_group (tenant_id, id) WHERE removed_at IS NULL
    """,
    """
    CREATE INDEX customer_group_of_kind
        ON customer_group (tenant_id, kind, id) WHERE removed_at IS NULL
    """,
    """
    -- Led by the key, because several groups may share a contact point.
    CREATE TABLE group_contact_point (
        tenant_id           text    NOT NULL,
        type                text    NOT NULL,
        scope               text    NOT NULL,
        value               text    NOT NULL,
        group_id            uuid    NOT NULL,
        raw                 text    NOT NULL,
        normaliser_version  integer NOT NULL,
        PRIMARY KEY (tenant_id, type, scope, value, group_id),
        FOREIGN KEY (tenant_id, group_id) REFERENCES customer_group (tenant_id, id)
    )
    """,
    "CREATE INDEX group_contact_point_of_group ON group_contact_point (group_id)",
    # The next version of the normaliser brings an index of its own, and drops this one.
    """
    CREATE INDEX group_contact_point_of_older_normaliser
        ON group_contact_point (tenant_id, group_id) WHERE normaliser_version < 2
    """,
    """
    CREATE TABLE group_member (
        tenant_id    text        NOT NULL,
        group_id     uuid        NOT NULL,
        -- The id it was added under, permanently; a merge changes nothing here.
        customer_id  uuid        NOT NULL,
        role         text        NOT NULL,
        valid_from   timestamptz,
        valid_until  timestamptz,
        source       text,
        added_at     timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, group_id, customer_id, role),
        FOREIGN KEY (tenant_id, group_id) REFERENCES customer_group (tenant_id, id),
        FOREIGN KEY (tenant_id, customer_id) REFERENCES customer (tenant_id, id),
        CHECK (valid_from < valid_until)
    )
    """,
    "CREATE INDEX group_member_of_customer ON group_member (customer_id)",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    for table in ("group_member", "group_contact_point", "customer_group"):
        op.execute(f"DROP TABLE {table}")
