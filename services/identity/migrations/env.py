"""Where Alembic starts; everything it does here is common to all services."""

from common.migrations import Access, run_env

run_env(
    access=Access(
        append_only=("identifier_type", "rule_set"),
        deletes_from=(
            "attribute_observation",
            "claim",
            "customer",
            "customer_alias",
            "customer_search",
            "decision",
            "group_contact_point",
            "group_member",
            "identifier",
            "key_conflict",
            "link",
            "match_backfill",
            "match_candidate",
            "match_key",
            "match_profile",
            "match_queue",
            "merge_log",
            "quarantine",
            "rule_run",
            "rule_run_change",
        ),
    )
)
