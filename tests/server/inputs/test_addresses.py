import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.inputs.addresses import may_connect
from tests.server.inputs.world import INWARD, PUBLIC

PRIVATE = ["10.1.2.3", "172.31.255.254", "192.168.0.1", "100.64.1.1", "fd12:3456::1", "::ffff:10.0.0.1"]
METADATA = ["169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254"]


@pytest.mark.parametrize(
    "address", [PUBLIC, "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_may_be_connected_to(address: str) -> None:
    assert may_connect(ipaddress.ip_address(address), False)


@pytest.mark.parametrize("address", [*INWARD.values(), *METADATA, *PRIVATE])
def test_others_may_not(address: str) -> None:
    assert not may_connect(ipaddress.ip_address(address), False)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_ones_may_where_somebody_wrote_them(address: str) -> None:
    assert may_connect(ipaddress.ip_address(address), True)


@pytest.mark.parametrize(
    "address",
    [
        *METADATA,
        *(
            "127.0.0.1",
            "127.8.8.8",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "fe80::1",
            "0.0.0.0",
        ),
        *("::", "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.2.1"),
        *("64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "2002:7f00:1::", "2001:0:7f00:1::", "::7f00:1"),
    ],
)
def test_some_never_may(address: str) -> None:
    assert not may_connect(ipaddress.ip_address(address), True)


@given(st.ip_addresses(v=4), st.booleans())
def test_an_address_in_other_clothes_is_the_same(address: ipaddress.IPv4Address, private: bool) -> None:
    for prefix in ("::ffff:0:0", "64:ff9b::"):
        dressed = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) + int(address))
        assert may_connect(dressed, private) == may_connect(address, private)


@given(st.ip_addresses())
def test_no_address_but_a_global_one_may_be_connected_to_unasked(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if may_connect(address, False):
        assert address.is_global or getattr(address, "ipv4_mapped", None) is not None
