"""Clocks remember the fact that opened them, by which a late fact finds the clocks around it.

The columns are null in clocks of before, until all facts of their conversation are read again. That
happens with its next event, because folds are made again too. The index has only clocks with an
opener, so at first it is empty: building it reads the table once.
"""

from alembic import op

revision = "2026_11_30_0005"
down_revision = "2026_11_30_0004"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "DELETE FROM checkpoint",
    "DELETE FROM fold",
    """
    ALTER TABLE clock
        -- The place of the fact: microseconds since 1970, rank, sequence.
        ADD COLUMN opener_at bigint,
        ADD COLUMN opener_rank integer,
        ADD COLUMN opener_sequence bigint
    """,
    """
    CREATE INDEX clock_by_opener ON clock
        (conversation_id, tenant_id, metric, opener_at, opener_rank, opener_sequence)
    WHERE opener_at IS NOT NULL
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DELETE FROM checkpoint")
    op.execute("DELETE FROM fold")
    op.execute(
        "ALTER TABLE clock DROP COLUMN opener_at, DROP COLUMN opener_rank,"
        " DROP COLUMN opener_sequence"
    )
