"""Alembic's entry point; everything is in ``common.migrations``."""

from common.migrations import Access, run_env

run_env(
    daily_tables=("outbox", "inbox", "raw_delivery"),
    access=Access(
        append_only=("change", "raw_delivery_key"),
        deletes_from=(
            "customer_claim",
            "customer_version",
            "known_identifier",
            "provider_message",
            "refiling",
            "unresolved",
        ),
    ),
)
