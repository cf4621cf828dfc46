"""GET over https, where each address is checked before it is called, redirects included.

The standard library's client, not a larger one: what is needed is to connect to exactly the
address that was checked (a name may answer otherwise the next time), and no more. All blocks.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from runtime_manager import __version__
from runtime_manager.errors import PackageError, SourceError
from runtime_manager.model.source import UrlSource, parse_source
from runtime_manager.packages.sources.hops import Hop, Reach, check_first, check_next, reach_of

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_PORTS = {"https": 443, "http": 80}

Resolve = Callable[[str, int], Sequence[str]]
"""The IP addresses of a host. Raises OSError."""


def resolve_host(host: str, port: int) -> list[str]:
    """What the system says; without the ports."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True, slots=True)
class Answer:
    """The final answer; its body can be read until the `with` block ends."""

    hop: Hop
    status: int
    headers: Mapping[str, str]
    read: Callable[[int], bytes]
    """Up to so many bytes, none at the end. Raises PackageError where the body ends early."""


@dataclass(frozen=True, slots=True)
class Web:
    """A client; holds nothing open between calls. Tests give it other eyes for addresses."""

    resolve: Resolve = resolve_host
    reach: Callable[[str], Reach] = reach_of
    tls: ssl.SSLContext | None = None
    """Whom to trust, None: whom the system trusts, whose list takes a while to read."""
    timeout_s: float = 30.0
    """How long to wait for a connection, and for each further piece."""

    @contextmanager
    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        before: Hop | None = None,
        is_pinned: bool = False,
        limit_s: float = 3600.0,
    ) -> Iterator[Answer]:
        """Ask for `url`. `before` is what led there, None: the user did.

        `limit_s` is for one answer as a whole: a server could go on for ever, byte by byte.

        Raises PackageError: refused by the rules of `hops`, not reached, bad certificate, too
        many redirects, or an answer that is neither 200 nor 304.
        """
        hop, addresses = self._look_up(url)
        if before is None:
            check_first(hop, is_pinned=is_pinned)
        else:
            check_next(before, hop, is_redirect=False)
        for _ in range(_MOST_REDIRECTS + 1):
            with self._ask(hop, addresses, headers or {}, limit_s) as answer:
                if answer.status not in _REDIRECTS:
                    yield _good(answer)
                    return
                target = _target(hop, answer.headers.get("Location"))
            following, addresses = self._look_up(target)
            check_next(hop, following, is_redirect=True)
            hop = following
        raise PackageError(
            f"{url} redirects more than {_MOST_REDIRECTS} times",
            hint="give the address that it leads to",
            kind="too-many-redirects",
        )

    def _look_up(self, url: str) -> tuple[Hop, Sequence[str]]:
        """Of several addresses, the one that fewest can reach decides."""
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        try:
            addresses = self.resolve(host, port)
        except (OSError, UnicodeError) as exc:
            reason = getattr(exc, "strerror", None) or str(exc)
            raise _unreachable(url, f"{host} is not known: {reason}") from exc
        reach = min((self.reach(one) for one in addresses), default=Reach.PRIVATE)
        return Hop(url, parts.scheme == "https", reach), addresses

    @contextmanager
    def _ask(
        self, hop: Hop, addresses: Sequence[str], headers: Mapping[str, str], limit_s: float
    ) -> Iterator[Answer]:
        parts = urlsplit(hop.url)
        connection = _Connection(
            parts.hostname or "",
            parts.port or _PORTS[parts.scheme],
            addresses=addresses,
            tls=(self.tls or ssl.create_default_context()) if hop.is_encrypted else None,
            timeout_s=self.timeout_s,
        )
        with ExitStack() as open_ones:
            open_ones.callback(connection.close)
            with _told(hop.url):
                open_ones.enter_context(connection.limited(limit_s))
                target = parts._replace(scheme="", netloc="").geturl() or "/"
                connection.request("GET", target, headers={**_HEADERS, **headers})
                response = connection.getresponse()
            open_ones.callback(response.close)
            fields = {name.title(): value for name, value in response.getheaders()}
            yield Answer(hop, response.status, fields, _Body(response, hop.url).read)


_HEADERS = {"User-Agent": f"runtime-manager/{__version__}", "Accept-Encoding": "identity"}


class _Connection(http.client.HTTPConnection):
    """Connects to the addresses it is given and to no others; `tls` None is plain http."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        addresses: Sequence[str],
        tls: ssl.SSLContext | None,
        timeout_s: float,
    ) -> None:
        super().__init__(host, port, timeout=timeout_s)
        self._addresses = addresses
        self._tls = tls
        self._live: socket.socket | None = None  # `sock` is let go before the body is read
        if tls is not None:
            self.default_port = http.client.HTTPS_PORT

    def connect(self) -> None:
        self.sock = self._live = self._connected()
        if self._tls is not None:
            self.sock = self._live = self._tls.wrap_socket(self._live, server_hostname=self.host)

    @contextmanager
    def limited(self, limit_s: float) -> Iterator[None]:
        """Break off whatever is still being read after `limit_s`; what waits for it then ends."""
        timer = threading.Timer(limit_s, self._break_off)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def _break_off(self) -> None:
        if self._live is not None:
            with suppress(OSError):
                self._live.shutdown(socket.SHUT_RDWR)

    def _connected(self) -> socket.socket:
        failed: OSError = OSError("it has no address")
        for address in self._addresses:
            try:
                return socket.create_connection((address, self.port), timeout=self.timeout)
            except OSError as exc:
                failed = exc
        raise failed


class _Body:
    """A body that tells when it ends early, which http.client's `read(size)` does not."""

    def __init__(self, response: http.client.HTTPResponse, url: str) -> None:
        self._response = response
        self._url = url
        self._left = response.length

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; none at the end."""
        with _told(self._url):
            data = self._response.read1(size)
        if self._left is not None:
            self._left -= len(data)
            if not data and self._left > 0:
                raise _broken_off(self._url)
        return data


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Turn what can go wrong between two machines into words."""
    try:
        yield
    except ssl.SSLCertVerificationError as exc:
        raise PackageError(
            f"{url}: its certificate is not to be trusted: {exc.verify_message}",
            hint="somebody may be in between; nothing was fetched",
            kind="bad-certificate",
        ) from exc
    except TimeoutError as exc:
        raise _unreachable(url, "no answer in time") from exc
    except http.client.IncompleteRead as exc:
        raise _broken_off(url) from exc
    except (OSError, http.client.HTTPException) as exc:
        reason = getattr(exc, "strerror", None) or "its answer is no HTTP"
        raise _unreachable(url, reason) from exc


def _good(answer: Answer) -> Answer:
    if answer.status in (200, 304):
        return answer
    word = http.client.responses.get(answer.status, "an unknown status")
    raise PackageError(
        f"{answer.hop.url}: the server answers {answer.status} {word}",
        hint="see that the address is right",
        kind="http-status",
        status=answer.status,
    )


def _target(hop: Hop, location: str | None) -> str:
    """The absolute address a redirect names; held to what a user may write as an address."""
    try:
        spec = parse_source(urljoin(hop.url, location or ""))
    except (SourceError, ValueError):
        spec = None
    if not isinstance(spec, UrlSource) or not location:
        raise PackageError(
            f"{hop.url} redirects to no address that can be used",
            hint="tell who keeps it",
            kind="bad-redirect",
        )
    return spec.url


def _unreachable(url: str, reason: str) -> PackageError:
    return PackageError(
        f"{url} cannot be had: {reason}",
        hint="see that the address is right and the network works",
        kind="unreachable",
    )


def _broken_off(url: str) -> PackageError:
    return PackageError(
        f"{url} broke off before its end", hint="try again", kind="truncated-download"
    )
