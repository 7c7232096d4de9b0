"""How near a machine is: whom a server may send us to.

A server that names another one may name a machine that only we can reach: this one, the one beside
it, the cloud's own. It may do so by a name that leads there, so that it is the address of the
connection that counts.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from functools import cached_property

PUBLIC = "public"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def nearness(address: str) -> str:
    """How near an IP address is: `public`, `private`, `loopback`, `link` or `none`, which is nobody
    in particular, or no address."""
    try:
        found = _bare(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return "none"
    if found.is_loopback:
        return "loopback"
    if found.is_link_local:
        return "link"
    if found.is_multicast or found.is_unspecified or found.is_reserved:
        return "none"
    return PUBLIC if found.is_global else "private"


def _bare(found: _Address) -> _Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(found, ipaddress.IPv4Address):
        return found
    if found in _NAT64:
        return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped or found.sixtofour or found


class Reach:
    """Where a server may send us: to public addresses, and to such as its own are.

    host: its name, or its address; looked up when it is first needed.
    """

    def __init__(self, host: str) -> None:
        self._host = host

    def __call__(self, address: str) -> bool:
        """Whether a connection to this IP address may be used."""
        near = nearness(address)
        return near == PUBLIC or (near != "none" and near in self._own)

    @cached_property
    def _own(self) -> frozenset[str]:
        return frozenset(map(nearness, _addresses(self._host)))


def _addresses(host: str) -> Iterable[str]:
    try:
        return [str(row[4][0]) for row in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return []
