"""What Alembic runs."""

from common.migrations import Access, run_env

run_env(
    daily_tables=("outbox", "inbox", "alert"),
    access=Access(
        append_only=("fact", "ruleset"),
        deletes_from=(
            "checkpoint",
            "customer_pointer",
        ),
    ),
)
