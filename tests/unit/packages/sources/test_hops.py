import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.errors import PackageError
from runtime_manager.packages.sources.hops import Hop, Reach, check_first, check_next, reach_of

HOPS = st.builds(Hop, st.just("x"), st.booleans(), st.sampled_from(Reach))


@pytest.mark.parametrize(
    ("address", "reach"),
    [
        ("127.0.0.1", Reach.LOOPBACK),
        ("127.9.9.9", Reach.LOOPBACK),
        ("::1", Reach.LOOPBACK),
        ("::ffff:127.0.0.1", Reach.LOOPBACK),
        ("64:ff9b::7f00:1", Reach.LOOPBACK),
        ("2002:7f00:1::", Reach.LOOPBACK),
        ("0.0.0.0", Reach.PRIVATE),
        ("::", Reach.PRIVATE),
        ("10.1.2.3", Reach.PRIVATE),
        ("172.16.0.1", Reach.PRIVATE),
        ("192.168.1.1", Reach.PRIVATE),
        ("169.254.169.254", Reach.PRIVATE),
        ("100.64.0.1", Reach.PRIVATE),
        ("224.0.0.1", Reach.PRIVATE),
        ("255.255.255.255", Reach.PRIVATE),
        ("fe80::1%eth0", Reach.PRIVATE),
        ("fd00::1", Reach.PRIVATE),
        ("ff02::1", Reach.PRIVATE),
        ("::ffff:10.0.0.1", Reach.PRIVATE),
        ("64:ff9b::a00:1", Reach.PRIVATE),
        ("8.8.8.8", Reach.PUBLIC),
        ("64:ff9b::808:808", Reach.PUBLIC),
        ("2606:4700::1111", Reach.PUBLIC),
    ],
)
def test_an_address_is_known_by_who_can_reach_it(address: str, reach: Reach) -> None:
    assert reach_of(address) is reach


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_counts_as_itself(address: ipaddress.IPv4Address) -> None:
    assert reach_of(f"::ffff:{address}") is reach_of(str(address))
    assert reach_of(str(ipaddress.IPv6Address((0x64FF9B << 96) | int(address)))) is reach_of(
        str(address)
    )


def test_http_is_taken_from_this_machine_or_with_a_sha256() -> None:
    check_first(Hop("http://localhost/", False, Reach.LOOPBACK), is_pinned=False)
    check_first(Hop("http://example.org/", False, Reach.PUBLIC), is_pinned=True)
    check_first(Hop("https://intranet/", True, Reach.PRIVATE), is_pinned=False)
    for reach in (Reach.PRIVATE, Reach.PUBLIC):
        with pytest.raises(PackageError, match="anybody on the way could change it"):
            check_first(Hop("http://example.org/", False, reach), is_pinned=False)


@given(HOPS, HOPS)
def test_nothing_leads_to_where_fewer_can_reach(before: Hop, after: Hop) -> None:
    for is_redirect in (True, False):
        try:
            check_next(before, after, is_redirect=is_redirect)
        except PackageError:
            continue
        assert after.reach >= before.reach
        is_here = before.reach is after.reach is Reach.LOOPBACK
        assert after.is_encrypted or (is_here and not is_redirect)


def test_a_redirect_leads_to_https_alone() -> None:
    here = Hop("http://localhost/", False, Reach.LOOPBACK)
    with pytest.raises(PackageError, match="not encrypted"):
        check_next(here, here, is_redirect=True)
    check_next(here, here, is_redirect=False)
