"""The address that a request came from, and the URL that its sender called.

Forwarding headers are trusted only when the peer, and every hop from the right, is a proxy that the
settings name; anyone can write such a header.
"""

import re
from collections.abc import Sequence

from starlette.requests import HTTPConnection, Request
from starlette.types import Scope

from common.runtime import is_trusted, parsed_address, prefix_of
from common.web.problems import HttpError
from common.web.state import app_state

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def client_address(scope: Scope | HTTPConnection, trusted: Sequence[str]) -> str:
    """Return the address of the first hop, from the right, that is not one of our proxies."""
    scope = scope.scope if isinstance(scope, HTTPConnection) else scope
    client = scope.get("client")
    peer = client[0] if client else ""
    if not trusted or not is_trusted(peer, trusted):
        return peer
    hops = [hop.strip() for hop in ",".join(_all(scope, b"x-forwarded-for")).split(",")]
    for hop in reversed(hops):
        if parsed_address(hop) is None:
            return peer
        if not is_trusted(hop, trusted):
            return hop
        peer = hop
    return peer


def sender_of(request: Scope | HTTPConnection, trusted: Sequence[str]) -> str:
    """Return the network of the sender, by which strangers are counted."""
    return prefix_of(client_address(request, trusted))


def public_url(request: Request, trusted: Sequence[str] | None = None) -> str:
    """Return the URL as its sender called it, query included; some providers sign it.

    ``X-Forwarded-Proto`` and ``X-Forwarded-Host`` count only from a trusted proxy, and only the
    value that this proxy itself wrote: the last one. Raises HttpError 400 for a malformed Host.
    """
    scope = request.scope
    proxies = app_state(request).http.trusted_proxies if trusted is None else trusted
    scheme, host = scope.get("scheme", "http"), request.headers.get("host", "")
    client = scope.get("client")
    if client and proxies and is_trusted(client[0], proxies):
        scheme = _last(scope, b"x-forwarded-proto", {"http", "https"}) or scheme
        forwarded = _last(scope, b"x-forwarded-host")
        host = forwarded if forwarded and _HOST.fullmatch(forwarded) else host
    if not _HOST.fullmatch(host):
        raise HttpError(400, "the Host header must be a host name or address, and a port if any")
    host = host.removesuffix(_DEFAULT_PORTS.get(scheme, ""))
    path = (scope.get("raw_path") or scope["path"].encode()).split(b"?")[0].decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{scheme}://{host}{path}" + (f"?{query}" if query else "")


def _all(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _last(scope: Scope, name: bytes, allowed: set[str] | None = None) -> str | None:
    found = ",".join(_all(scope, name)).split(",")[-1].strip()
    if not found or (allowed is not None and found not in allowed):
        return None
    return found
