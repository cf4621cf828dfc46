"""The smallest provider: answers every request with 200, and starts as fast as Python does.

The faster a program starts by itself, the more of the whole is what Runtime Manager adds.
"""

import sys
from select import select
from socket import SO_REUSEADDR, SOL_SOCKET, socket

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n"


def main() -> None:
    """Listen on the port given, and serve whoever comes, one after the other."""
    listener = socket()
    listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(sys.argv[1])))
    listener.listen(128)
    clients: dict[int, socket] = {}
    while True:
        for number in select([listener.fileno(), *clients], [], [])[0]:
            if number == listener.fileno():
                accepted, _ = listener.accept()
                clients[accepted.fileno()] = accepted
            elif not _answered(clients[number]):
                clients.pop(number).close()


def _answered(client: socket) -> bool:
    try:
        request = client.recv(65536)
        if request:
            client.sendall(_ANSWER)
    except OSError:
        return False
    return bool(request)


if __name__ == "__main__":
    main()
