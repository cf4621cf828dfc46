"""Asks programs for their health once a second and does nothing else: the least probing costs."""

import sys
import time
from socket import create_connection

_REQUEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


def main() -> None:
    """Ask the ports given over kept connections, evenly over each second, for ever."""
    connections = [create_connection(("127.0.0.1", int(port))) for port in sys.argv[1:]]
    print("asking", flush=True)
    while True:
        for connection in connections:
            time.sleep(1 / len(connections))
            connection.sendall(_REQUEST)
            connection.recv(65536)


if __name__ == "__main__":
    main()
