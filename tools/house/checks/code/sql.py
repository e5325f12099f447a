"""SQL is written in ``store/`` and in the few places of common named here, and nowhere else."""

from collections.abc import Iterator

from tools.house.tree import Finding, Source, Tree

TYPES = frozenset({"AsyncConnection", "Row", "RowMapping", "TextClause"})
"""What anybody may name: the types of what stores take and give."""
PLACES = (
    "/store/",
    "libs/common/src/common/db/",
    "libs/common/src/common/migrations/",
    "libs/common/src/common/messaging/inbox/claims.py",
    "libs/common/src/common/messaging/inbox/dead_letters.py",
    "libs/common/src/common/messaging/outbox/relay_store.py",
    "libs/common/src/common/service/maintenance.py",  # its lock, and a timeout for dropping days
    "libs/common/src/common/web/auth/api_keys.py",
    "libs/common/src/common/web/writes/",  # the store of idempotency keys, a timeout for groups
    "libs/common/src/common/web/health.py",  # SELECT 1
)
DRIVERS = ("sqlalchemy", "asyncpg")


def check(tree: Tree) -> Iterator[Finding]:
    for source in tree.sources("libs/common/src/**/*.py", "services/*/src/**/*.py"):
        if not any(place in source.path for place in PLACES):
            for name in _beyond_types(source):
                yield Finding(source.path, f"uses {name}; SQL belongs in a store")


def _beyond_types(source: Source) -> Iterator[str]:
    for module, name in source.imports():
        if module.split(".")[0] in DRIVERS and name not in TYPES:
            yield f"{module}.{name}".removesuffix(".")
