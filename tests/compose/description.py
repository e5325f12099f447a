"""``docker-compose.yml`` as Compose reads it, with variables replaced."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SOURCE = (ROOT / "docker-compose.yml").read_text()
PROCESSES = {
    "identity-api", "identity-consumer", "identity-relay",
    "interactions-api", "interactions-consumer", "interactions-relay", "interactions-timer",
    "sla-api", "sla-consumer", "sla-relay", "sla-timer",
}  # fmt: skip
JOBS = {"databases", "kafka-access", "identity-migrate", "interactions-migrate", "sla-migrate"}
SERVERS = {"proxy", "postgres", "kafka"}

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[?-])(?P<rest>[^}]*))?\}")


def required() -> set[str]:
    """Return the variables without which Compose refuses to start."""
    return {match["name"] for match in _VARIABLE.finditer(SOURCE) if match["kind"] == "?"}


def services(values: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the services, with variables replaced by ``values`` or by their defaults."""
    filled: dict[str, dict[str, Any]] = _filled(yaml.safe_load(SOURCE)["services"], values)
    return filled


def texts(node: Any) -> Iterator[str]:
    """Return every text below a node."""
    if isinstance(node, dict):
        node = [*node.keys(), *node.values()]
    if isinstance(node, list):
        for item in node:
            yield from texts(item)
    elif isinstance(node, str):
        yield node


def _filled(node: Any, values: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _filled(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(item, values) for item in node]
    if isinstance(node, str):
        return _VARIABLE.sub(lambda match: values.get(match["name"]) or match["rest"], node)
    return node
