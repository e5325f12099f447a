"""Where Alembic starts; everything it does here is common to all services."""

from common.migrations import Access, run_env

run_env(
    access=Access(
        append_only=("attribute_observation", "merge_log"),
        deletes_from=(
            "identifier",
            "link",
            "claim",
            "quarantine",
            "group_contact_point",
            "group_member",
        ),
    )
)
