"""The server's side of RFC 6455: the handshake's answer, and text messages both ways.

Fragments are joined, pings answered, the closing handshake kept; no extension is offered.
"""

import asyncio
import base64
import hashlib
import struct

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
NORMAL, GOING_AWAY, PROTOCOL_ERROR, UNSUPPORTED = 1000, 1001, 1002, 1003
NOT_UTF8, TOO_BIG = 1007, 1009
MESSAGE_LIMIT_BYTES = 64 * 1024


class ProtocolError(Exception):
    """The peer broke the protocol; `code` is the close code that says how."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def accept_key(key: str) -> str:
    """Answer a Sec-WebSocket-Key (RFC 6455, 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key.encode() + MAGIC).digest()).decode()


def is_valid_key(key: str) -> bool:
    """Is it 16 bytes in base64 (RFC 6455, 4.2.1)?"""
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except ValueError:
        return False


def frame(opcode: int, payload: bytes) -> bytes:
    """Build one final frame; a server does not mask (RFC 6455, 5.1)."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, size)
    elif size < 65536:
        head = struct.pack("!BBH", 0x80 | opcode, 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 127, size)
    return head + payload


class WebSocket:
    """An open connection, after the handshake."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._has_closed = False

    async def receive(self) -> str | None:
        """Wait for the next text message; None once the connection has ended."""
        try:
            return await self._next_message()
        except ProtocolError as error:
            await self.close(error.code)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        return None

    async def send(self, text: str) -> None:
        self._writer.write(frame(TEXT, text.encode()))
        await self._writer.drain()

    async def close(self, code: int = NORMAL) -> None:
        """Say why, once; the connection itself is closed by its owner."""
        if self._has_closed:
            return
        self._has_closed = True
        self._writer.write(frame(CLOSE, struct.pack("!H", code)))
        await self._writer.drain()

    async def _next_message(self) -> str | None:
        parts: list[bytes] = []
        while True:
            is_final, opcode, payload = await self._next_frame()
            if opcode == CLOSE:
                await self.close(echoed_code(payload))
                return None
            if opcode == PING:
                self._writer.write(frame(PONG, payload))
                await self._writer.drain()
            elif opcode == BINARY:
                raise ProtocolError(UNSUPPORTED)
            elif opcode in (TEXT, CONTINUATION):
                if (opcode == CONTINUATION) != bool(parts):
                    raise ProtocolError(PROTOCOL_ERROR)
                parts.append(payload)
                if sum(map(len, parts)) > MESSAGE_LIMIT_BYTES:
                    raise ProtocolError(TOO_BIG)
                if is_final:
                    return decoded(b"".join(parts))

    async def _next_frame(self) -> tuple[bool, int, bytes]:
        first, second = await self._reader.readexactly(2)
        is_final, opcode, size = bool(first & 0x80), first & 0x0F, second & 0x7F
        is_control = opcode >= CLOSE
        has_reserved = bool(first & 0x70) or opcode not in (0, 1, 2, 8, 9, 10)
        is_masked = bool(second & 0x80)  # a client must (RFC 6455, 5.1)
        if has_reserved or not is_masked or (is_control and (size > 125 or not is_final)):
            raise ProtocolError(PROTOCOL_ERROR)
        if size == 126:
            (size,) = struct.unpack("!H", await self._reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await self._reader.readexactly(8))
        if size > MESSAGE_LIMIT_BYTES:
            raise ProtocolError(TOO_BIG)
        mask = await self._reader.readexactly(4)
        return is_final, opcode, unmasked(await self._reader.readexactly(size), mask)


def unmasked(payload: bytes, mask: bytes) -> bytes:
    """Undo a client's masking (RFC 6455, 5.3), all bytes in one big-number XOR."""
    size = len(payload)
    repeated = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(repeated)).to_bytes(size)


def decoded(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise ProtocolError(NOT_UTF8) from None


def echoed_code(payload: bytes) -> int:
    """Choose the code to answer a close frame with (RFC 6455, 5.5.1 and 7.4)."""
    if not payload:
        return NORMAL
    if len(payload) == 1:
        return PROTOCOL_ERROR
    code = int.from_bytes(payload[:2])
    if code < 1000 or code in (1004, 1005, 1006) or 1015 <= code < 3000 or code >= 5000:
        return PROTOCOL_ERROR
    return code
