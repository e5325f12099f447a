"""What a running stack tells the world about itself."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Endpoints:
    """Where a stack answers, and with which keys; ``endpoints.json`` holds the same."""

    base_url: str
    api_key: str
    """All scopes, tenant ``demo``."""
    other_tenant_api_key: str
    """All scopes, tenant ``other``."""
    kafka: str
    postgres: Mapping[str, str]
    """DSN by service."""
    pid: int
