"""Folds of long conversations, with checkpoints between which only a few facts lie.

Both tables begin empty. A conversation gets its rows when its next event is read, so the migration
neither reads nor locks anything that exists.
"""

from alembic import op

revision = "2026_11_30_0004"
down_revision = "2026_11_30_0003"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE fold (
        tenant_id        text    NOT NULL,
        conversation_id  uuid    NOT NULL,
        -- The rules it was made by; null while no policy covers the conversation.
        revision         bigint,
        -- All facts up to this one have been read.
        sequence         bigint  NOT NULL,
        head             text    NOT NULL,
        PRIMARY KEY (tenant_id, conversation_id)
    )
    """,
    """
    CREATE TABLE checkpoint (
        tenant_id        text    NOT NULL,
        conversation_id  uuid    NOT NULL,
        -- The place of the first fact after it: microseconds since 1970, rank, sequence.
        start_at         bigint  NOT NULL,
        start_rank       integer NOT NULL,
        start_sequence   bigint  NOT NULL,
        state            text    NOT NULL,
        seen             bigint  NOT NULL,
        size             integer NOT NULL,
        digest           text,
        facts            text    NOT NULL,
        PRIMARY KEY (tenant_id, conversation_id, start_at, start_rank, start_sequence)
    )
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE checkpoint")
    op.execute("DROP TABLE fold")
