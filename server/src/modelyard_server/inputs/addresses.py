"""Which network addresses pictures may be fetched from, so that a request can't reach what its sender can't.

The ranges are IANA's special-purpose registries
(https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry).
"""

import ipaddress
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PRIVATE: Final = tuple(
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
# Clouds answer for a machine's credentials here; not all of these are link-local.
_METADATA: Final = frozenset(
    ipaddress.ip_address(address)
    for address in ("169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254")
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
# Routers that translate to an IPv4 address of their own choice: nobody can tell which.
_TRANSLATED: Final = tuple(
    ipaddress.IPv6Network(network) for network in ("64:ff9b:1::/48", "2001::/32", "2002::/16", "::/96")
)


def may_connect(address: Address, private: bool) -> bool:
    """Whether pictures may be fetched from an address.

    Args:
        address: The address.
        private: Whether it may be one of a private network; loopback, link-local, multicast and clouds'
            metadata addresses are refused all the same.
    """
    address = _meant(address)
    if address in _METADATA or any(address in network for network in _TRANSLATED if address.version == 6):
        return False
    if address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    if any(address in network for network in _PRIVATE if network.version == address.version):
        return private
    return address.is_global and not address.is_reserved


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
