"""Alembic's entry point; everything is in ``common.migrations``."""

from common.migrations import Access, run_env

run_env(
    daily_tables=("outbox", "inbox", "raw_delivery"),
    access=Access(
        append_only=("raw_delivery_key",),
        deletes_from=(
            "change",
            "conversation",
            "customer_alias",
            "customer_claim",
            "customer_profile",
            "customer_pointer",
            "customer_version",
            "interaction",
            "known_identifier",
            "provider_message",
            "refiling",
            "sla_clock",
            "unresolved",
        ),
    ),
)
