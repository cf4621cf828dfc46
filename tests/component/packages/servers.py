"""A web server of canned answers, over http or TLS, on an address of the loopback network."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from runtime_manager.packages.sources.hops import Reach, reach_of
from runtime_manager.packages.sources.web import Web, resolve_host

PUBLIC, PRIVATE = "127.0.0.2", "127.0.0.3"
NAMES = {"public.test": [PUBLIC], "private.test": [PRIVATE], "both.test": [PUBLIC, "127.0.0.1"]}
_REACHES = {PUBLIC: Reach.PUBLIC, PRIVATE: Reach.PRIVATE}


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of its own for all these names and addresses, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    names = [x509.DNSName(one) for one in ("localhost", *NAMES)]
    addresses = [x509.IPAddress(ip_address(one)) for one in ("127.0.0.1", PUBLIC, PRIVATE)]
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    cert_path.write_bytes(signed.public_bytes(Encoding.PEM))
    plain = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key_path.write_bytes(key.private_bytes(*plain))
    return cert_path, key_path


def tls_of(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    """For servers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


def web_trusting(certificate: Path) -> Web:
    """A client that trusts it, for which 127.0.0.2 is public and 127.0.0.3 private."""
    return Web(
        resolve=lambda host, port: NAMES.get(host) or resolve_host(host, port),
        reach=lambda one: _REACHES.get(one) or reach_of(one),
        tls=ssl.create_default_context(cafile=str(certificate)),
        timeout_s=5,
    )


@dataclass
class Canned:
    """One answer; `promised` is a Content-Length that is not that of the body."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None


class Server(http.server.ThreadingHTTPServer):
    """Answers by path; `asked` are the requests, in order."""

    daemon_threads = False
    block_on_close = True

    def __init__(self, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        super().__init__((address, 0), _Answering)
        self.answers: dict[str, Canned | Callable[[dict[str, str]], Canned]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.scheme = "https" if tls else "http"
        self.tls = tls
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self._thread.start()

    def url(self, path: str, host: str | None = None) -> str:
        return f"{self.scheme}://{host or self.server_address[0]}:{self.server_port}{path}"

    def get_request(self) -> tuple[Any, Any]:
        plain, address = super().get_request()
        plain.settimeout(5)
        if self.tls is None:
            return plain, address
        try:
            return self.tls.wrap_socket(plain, server_side=True), address
        except OSError:
            plain.close()
            raise

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is none of ours."""

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Answering(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        answer = self.server.answers.get(self.path, Canned(b"no", 404))
        if callable(answer):
            answer = answer(dict(self.headers))
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        length = len(answer.body) if answer.promised is None else answer.promised
        if "Transfer-Encoding" not in answer.headers:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Quiet."""
