"""HTTP on sockets: the server, its connections, and what one of them may send."""

from common.runtime.sockets.peers import is_trusted, parsed_address, prefix_of
from common.runtime.sockets.server import HttpServer

__all__ = ["HttpServer", "is_trusted", "parsed_address", "prefix_of"]
