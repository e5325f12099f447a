"""The addresses and keys of a running stack."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Endpoints:
    """Addresses and keys of a running stack, as in ``endpoints.json``."""

    base_url: str
    api_key: str
    """All scopes, tenant ``demo``."""
    other_tenant_api_key: str
    """All scopes, tenant ``other``."""
    kafka: str
    postgres: Mapping[str, str]
    """DSN by service."""
    pid: int
