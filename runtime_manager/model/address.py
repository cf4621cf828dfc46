"""The address to listen on, as `HOST:PORT`. Pure."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator


def parse_address(text: str) -> tuple[str, int]:
    """`127.0.0.1:9880`, `localhost:0` or `[::1]:9880` as host and port. Raises ValueError."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        colon = ""
    is_port = port.isascii() and port.isdigit() and int(port) <= 65535
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        address = None
    if not colon or not is_port or address is None:
        raise ValueError("expected HOST:PORT with an IP address, such as 127.0.0.1:9880")
    return str(address), int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`, an IP address."""
    return ipaddress.ip_address(host).is_loopback


def _address(text: str) -> str:
    parse_address(text)
    return text


Address = Annotated[str, AfterValidator(_address)]
