"""Finds decisions by the identifiers that they name anywhere, which an erasure needs."""

from alembic import op

revision = "2026_11_30_0010"
down_revision = "2026_11_30_0009"
branch_labels = None
depends_on = None


# The revision that gives the table these columns has locked it, within the same run.
_INDEX = """
    CREATE INDEX decision_of_value
        ON decision USING gin ((jsonb_path_query_array(keys || links || evidence, '$[*].*')))
"""


def upgrade() -> None:
    op.execute(_INDEX)
    op.execute("DROP INDEX decision_of_key")


def downgrade() -> None:
    op.execute("CREATE INDEX decision_of_key ON decision USING gin (keys jsonb_path_ops)")
    op.execute("DROP INDEX decision_of_value")
