"""Which addresses a download may go to, and where it may lead from there. Pure.

An index or a server is believed about what it offers, not about whom to call: it must not make
this machine talk to services that only this machine, or its network, can reach.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import IntEnum

from runtime_manager.errors import PackageError

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Reach(IntEnum):
    """Who can reach an address; a larger one is reached by more."""

    LOOPBACK = 0
    PRIVATE = 1
    PUBLIC = 2


@dataclass(frozen=True, slots=True)
class Hop:
    """One address of a download, its host looked up."""

    url: str
    is_encrypted: bool
    reach: Reach


def reach_of(address: str) -> Reach:
    """Who can reach an IP address, by IANA's registries; one inside another counts as that."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is None and found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        found = inner or found
    if found.is_loopback:
        return Reach.LOOPBACK
    is_public = found.is_global and not found.is_multicast
    return Reach.PUBLIC if is_public else Reach.PRIVATE


def check_first(hop: Hop, *, is_pinned: bool) -> None:
    """Raise PackageError for http where others could change what comes.

    It is taken from this machine, or where what comes `is_pinned` by a sha256.
    """
    if not hop.is_encrypted and hop.reach is not Reach.LOOPBACK and not is_pinned:
        raise PackageError(
            f"{hop.url}: over http anybody on the way could change it",
            hint="use https, or say what it must be with --sha256",
            kind="http-refused",
        )


def check_next(before: Hop, hop: Hop, *, is_redirect: bool) -> None:
    """Raise PackageError where `before` must not lead to `hop`.

    A redirect leads to https alone. A link in an index may be http on this machine, where the
    index is there too.
    """
    leads = f"{before.url} {'redirects' if is_redirect else 'leads'} to {hop.url}"
    is_local = not is_redirect and hop.reach is before.reach is Reach.LOOPBACK
    if not hop.is_encrypted and not is_local:
        raise PackageError(
            f"{leads}, which is not encrypted",
            hint="tell who keeps it; nothing was fetched from there",
            kind="leads-to-http",
        )
    if hop.reach < before.reach:
        who = "this machine itself" if hop.reach is Reach.LOOPBACK else "a private network"
        raise PackageError(
            f"{leads}, which is {who}",
            hint="somebody may want this machine to call its own services; nothing was fetched",
            kind="leads-to-private",
        )
