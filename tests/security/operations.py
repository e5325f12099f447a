"""Every operation of the three services, read from their OpenAPI documents.

No endpoint is named here, so a new endpoint is attacked as soon as it exists.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from devstack.stack.credentials import load_credentials
from devstack.stack.services import NAMES, build_services

Json = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Operation:
    """One method of one path; ``model`` names the schema of its body or of a batch's items."""

    service: str
    method: str
    path: str
    document: Json = field(repr=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def declared(self) -> Json:
        found: Json = self.document["paths"][self.path][self.method.lower()]
        return found

    @property
    def scope(self) -> str | None:
        return self.declared.get("x-required-scope")

    def parameters(self, place: str) -> list[str]:
        """Return the names of the parameters in ``path``, ``query`` or ``header``."""
        return [p["name"] for p in self.declared.get("parameters", ()) if p["in"] == place]

    @property
    def takes_input(self) -> bool:
        return bool(self.declared.get("parameters") or "requestBody" in self.declared)

    @property
    def is_batch(self) -> bool:
        return "items" in self.schema(self._body).get("properties", {})

    @property
    def model(self) -> str | None:
        body = self._body
        schema = self.schema(body)["properties"]["items"]["items"] if self.is_batch else body
        reference: str | None = schema.get("$ref")
        return reference and reference.rpartition("/")[2]

    @property
    def _body(self) -> Json:
        content = self.declared.get("requestBody", {}).get("content", {})
        found: Json = content.get("application/json", {}).get("schema", {})
        return found

    def schema(self, node: Json) -> Json:
        """Resolve references and optionals to the schema itself."""
        while True:
            if "$ref" in node:
                node = self.document["components"]["schemas"][node["$ref"].rpartition("/")[2]]
            elif "anyOf" in node:
                node = next(schema for schema in node["anyOf"] if schema.get("type") != "null")
            else:
                return node

    @property
    def members(self) -> Json:
        """Return the schemas of the body's fields, by name."""
        found: Json = self.schema({"$ref": f"/{self.model}"}).get("properties", {})
        return found

    def answered_members(self) -> set[str]:
        """Return the names of the top-level fields in any response."""
        names: set[str] = set()
        for answer in self.declared["responses"].values():
            for content in answer.get("content", {}).values():
                names |= self.schema(content.get("schema", {})).get("properties", {}).keys()
        return names


@cache
def all_operations() -> tuple[Operation, ...]:
    """Return the operations of all services, which are built without connecting to anything."""
    with tempfile.TemporaryDirectory() as directory:
        credentials = load_credentials(Path(directory))
    nowhere = dict.fromkeys(NAMES, "postgresql://nobody:x@127.0.0.1:1/none")
    services = build_services(
        dsns=nowhere, bootstrap="127.0.0.1:1", credentials=credentials, port=1
    )
    return tuple(
        operation
        for service in services.all()
        for operation in _of(service.name, service.api.openapi())
    )


def _of(service: str, document: Json) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method in methods:
            yield Operation(service, method.upper(), path, document)


PROTECTED = [operation for operation in all_operations() if operation.scope is not None]
WITH_BODY = [operation for operation in PROTECTED if operation.model is not None]
READING = [operation for operation in PROTECTED if operation.method == "GET"]
NAMING = [
    operation
    for operation in PROTECTED
    if operation.parameters("path") or operation.model is not None
]
PAGED = [operation for operation in READING if "cursor" in operation.parameters("query")]
