"""Gives the page ``/docs`` an API key, for the user of this machine who runs the stack.

The key must not reach another machine, another user of this one, or a page of another site: the
request has to come over loopback, from a process of the same user, and from the page itself.
"""

import os
import socket
import sys
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEY_PATH = "/docs/key"
_CONNECTIONS = Path("/proc/net/tcp")
_THIS_MACHINE = frozenset({"127.0.0.1", "localhost"})
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")

Address = tuple[str, int]


@dataclass(frozen=True)
class DocsKey:
    api_key: str
    tenant: str

    def route(self) -> Route:
        return Route(KEY_PATH, self._answer, methods=["POST"])

    async def _answer(self, request: Request) -> Response:
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        if not (_is_from_the_page(request.headers) and _is_from_this_user(request)):
            return JSONResponse({"detail": "no key for this request"}, 403, headers)
        return JSONResponse({"api_key": self.api_key, "tenant": self.tenant}, headers=headers)


def _is_from_the_page(headers: Headers) -> bool:
    """Return whether a page of this origin sent the request, under a name of this machine.

    A page of another site cannot send the header of ours without a preflight, which is refused, and
    cannot pass for this origin by a name of its own that resolves to 127.0.0.1.
    """
    host = headers.get("host", "")
    return (
        headers.get("x-threadline-docs") == "1"
        and urlsplit(f"//{host}").hostname in _THIS_MACHINE
        and headers.get("origin", f"http://{host}") == f"http://{host}"
        and headers.get("sec-fetch-site", "same-origin") == "same-origin"
        and not any(name in headers for name in _FORWARDED)
    )


def _is_from_this_user(request: Request) -> bool:
    client, server = request.scope["client"], request.scope["server"]
    if not client or not server or not ip_address(client[0]).is_loopback:
        return False
    return owner_of(client, server) in {os.geteuid(), 0}


def owner_of(client: Address, server: Address) -> int | None:
    """Return the user id of the process at the client's end of a local connection.

    None where the system has no table of connections, such as on macOS, or it lists none.
    """
    if not _CONNECTIONS.exists():
        return None
    ends = [_entry(client), _entry(server)]
    for line in _CONNECTIONS.read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1:3] == ends:
            return int(fields[7])
    return None


def _entry(address: Address) -> str:
    """Return an IPv4 address as the table writes it."""
    number = int.from_bytes(socket.inet_aton(address[0]), sys.byteorder)
    return f"{number:08X}:{address[1]:04X}"
