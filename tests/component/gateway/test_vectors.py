"""The vectors of an HTTP/1.1 conformance suite: what must be refused is, what must pass does.

data/h11probe_vectors.json comes from Http11Probe (MIT licence; see data/README.md). Behind the
gateway stands h11, strict, as a second parser: it never sees a request it would not take.
"""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import h11
import pytest

from runtime_manager.gateway.limits import GatewayLimits

VECTORS = json.loads((Path(__file__).parent / "data" / "h11probe_vectors.json").read_text())
LIMITS = GatewayLimits(client_head_timeout_s=0.2, response_timeout_s=0.2, keep_alive_s=0.2)

DEVIATIONS = {
    "COMP-OPTIONS-STAR": "a gateway to many providers has no answer for all of them: 400",
    "COMP-405-ALLOW": "methods are the provider's to refuse",
    "COMP-NO-CL-IN-204": "a 204 is the provider's to give",
    "SMUG-ABSOLUTE-URI-HOST-MISMATCH": "an authority that is not ours is 421",
}
_RUN = re.compile(r"@@(.)\*(\d+)@@", re.DOTALL)
_WORDS = re.compile(r"\b(\d{3}|[245]xx)\b")


class Strict:
    """A provider that reads with h11 and notes what it would not take."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    async def __call__(self, line) -> None:
        connection = h11.Connection(h11.SERVER)
        method = b""
        try:
            while True:
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    connection.receive_data(await line.reader.read(65536))
                elif isinstance(event, h11.Request):
                    method = event.method
                elif isinstance(event, h11.EndOfMessage):
                    await line.send(self._answer(connection, has_body=method != b"HEAD"))
                    connection.start_next_cycle()
                elif isinstance(event, h11.ConnectionClosed):
                    return
        except h11.RemoteProtocolError as exc:
            if "incomplete" not in str(exc) and "without sending" not in str(exc):
                self.complaints.append(str(exc))

    @staticmethod
    def _answer(connection, *, has_body: bool) -> bytes:
        head = h11.Response(status_code=200, headers=[("Content-Length", "2")])
        sent = connection.send(head)
        if has_body:
            sent += connection.send(h11.Data(data=b"ok"))
        return sent + connection.send(h11.EndOfMessage())


def accepted(vector) -> tuple[set[str], bool]:
    """The statuses a vector allows, as `400` or `2xx`, and whether a mere close is allowed."""
    kind, value = vector.get("status") or (None, None)
    if kind == "Exact":
        return {value}, vector["close_ok"]
    if kind == "Range2xx":
        return {"2xx"}, vector["close_ok"]
    words = vector.get("expect", "")
    if words.startswith(("!", "non", "not")) or not _WORDS.search(words):
        return {"2xx", "400"}, True
    return set(_WORDS.findall(words)), "close" in words or "timeout" in words


async def verdict(bench, vector) -> str:
    """What is wrong with the answer; "" for nothing."""
    client = await bench.client()
    payload = _RUN.sub(lambda run: run[1] * int(run[2]), vector["payload"])
    client.writer.write(payload.replace("@@HOST@@", f"127.0.0.1:{bench.port}").encode())
    got = await client.ended()
    statuses = re.findall(rb"HTTP/1\.1 (\d\d\d)", got)
    allowed, may_close = accepted(vector)
    if not statuses:
        return "" if may_close else "closed without an answer"
    first = statuses[0].decode()
    is_time_out = first == "408" and may_close
    if first in allowed or f"{first[0]}xx" in allowed or is_time_out:
        return ""
    return f"{first}, not {sorted(allowed)}"


async def test_what_must_hold_holds_and_nothing_malformed_gets_through(bench):
    strict = Strict()
    provider = await bench.provider(strict)
    await bench.open(bench.route(provider, prefix="/", strip_prefix=False), limits=LIMITS)
    musts = [v for v in VECTORS if v["level"] == "Must" and v["id"] not in DEVIATIONS]
    others = [v for v in VECTORS if v["level"] != "Must"]
    verdicts = await asyncio.gather(*(verdict(bench, vector) for vector in musts))
    wrong = {v["id"]: said for v, said in zip(musts, verdicts, strict=True) if said}
    assert wrong == {}
    await asyncio.gather(*(verdict(bench, vector) for vector in others))
    assert strict.complaints == []


@pytest.mark.parametrize("identifier", sorted(DEVIATIONS))
async def test_each_deviation_is_a_vector(identifier):
    assert identifier in {vector["id"] for vector in VECTORS}
