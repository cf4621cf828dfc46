from pathlib import Path

from runtime_manager.model.endpoint import TcpEndpoint, UnixEndpoint


def test_an_endpoint_is_written_as_an_address() -> None:
    assert str(TcpEndpoint("127.0.0.1", 80)) == "127.0.0.1:80"
    assert str(TcpEndpoint("::1", 80)) == "[::1]:80"
    assert str(UnixEndpoint(Path("/run/x.sock"))) == "unix:/run/x.sock"
