"""The template of the route in hand, such as ``/v1/customers/{customer_id}``; never the path."""

from starlette.types import Scope

UNMATCHED = "unmatched"


def route_template(scope: Scope) -> str:
    """Return the template, or ``unmatched`` when no route was found (yet)."""
    path = getattr(scope.get("route"), "path_format", None) or getattr(
        scope.get("route"), "path", None
    )
    return path if isinstance(path, str) else UNMATCHED
