"""Addresses of peers: which belong to one sender, and which are proxies of ours."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


@lru_cache(maxsize=4_096)
def prefix_of(address: str) -> str:
    """Return the network that one sender can be expected to own: IPv4 /32, IPv6 /64."""
    parsed = parsed_address(address)
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed, 64), strict=False))
    return address


def is_trusted(address: str, trusted: Sequence[str]) -> bool:
    """Return whether the address is one of these, or in one of these networks."""
    parsed = parsed_address(address)
    return parsed is not None and any(parsed in network for network in _networks(tuple(trusted)))


def parsed_address(address: str) -> Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None


@lru_cache(maxsize=8)
def _networks(trusted: tuple[str, ...]) -> tuple[Network, ...]:
    """Return the proxies' networks; a single address is a network of one."""
    return tuple(ip_network(item, strict=False) for item in trusted)
