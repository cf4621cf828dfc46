"""Eight clients who want different things of the same ten providers at once.

For three seconds, or as many as RACE_SECONDS says.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import yaml

from tests.system.child import Daemon, HomeFolder

SECONDS = float(os.environ.get("RACE_SECONDS", "3"))
CLIENTS = 8
PORT = ("--port", "{port}")
CODES = tuple(f"raced-{number}" for number in range(10))
VERBS = ("start", "stop", "restart")
SETTLE_S = 30.0
JSON = {"Content-Type": "application/json"}
ENDS = {"up": "ready", "down": "stopped"}
pytestmark = pytest.mark.timeout(SECONDS * 2 + 120)


@dataclass(frozen=True, slots=True)
class Order:
    """One order of a client: the daemon took it at some moment between the two."""

    code: str
    verb: str
    sent: float
    answered: float

    @property
    def wants(self) -> str:
        return "down" if self.verb == "stop" else "up"


def furnish(home: HomeFolder) -> None:
    """Six plain ones, two that take their time to end, two that have to be killed."""
    kinds = [()] * 6 + [("--term-delay", "0.1")] * 2 + [("--ignore-term",)] * 2
    for code, kind in zip(CODES, kinds, strict=True):
        home.add(code, *PORT, *kind, stop={"grace": "200ms"}, restart={"delay": "50ms"})


def edit(home: HomeFolder, code: str, number: int) -> None:
    """Another environment: what runs has to be started anew for it. Written by rename."""
    path = home.root / "providers" / code / "manifest.yaml"
    manifest = yaml.safe_load(path.read_text()) | {"env": {"EDIT": str(number)}}
    staged = path.with_name(f".{number}.new")
    staged.write_text(yaml.safe_dump(manifest))
    staged.replace(path)


def client(daemon: Daemon, number: int, until: float) -> list[Order]:
    """Orders this and that, and reloads now and then; a seed of its own for each client."""
    dice = random.Random(number)
    orders = []
    while time.monotonic() < until:
        code, verb = dice.choice(CODES), dice.choice(VERBS)
        if dice.random() < 0.02:
            # Each has codes of its own to edit: two writers of one file are no matter of ours.
            edit(daemon.home, CODES[number], len(orders))
            assert daemon.ask("/api/v1/reload", method="POST", headers=JSON).status == 200
            continue
        path, sent = f"/api/v1/providers/{code}/{verb}", time.monotonic()
        answer = daemon.ask(path, method="POST", headers=JSON)
        assert answer.status == 202, answer.text
        orders.append(Order(code, verb, sent, time.monotonic()))
    return orders


@contextmanager
def strangers() -> Iterator[Callable[[], Counter[int]]]:
    """Processes that come and go beside ours: how many ended with which status so far."""
    seen: Counter[int] = Counter()
    lasting = [subprocess.Popen(["sleep", "3600"]) for _ in range(4)]

    def passing() -> Counter[int]:
        seen[subprocess.run(["sleep", "0.02"], check=False).returncode] += 1
        return seen

    try:
        yield passing
        assert [one.poll() for one in lasting] == [None] * len(lasting)
    finally:
        for one in lasting:
            one.kill()
            one.wait()


def could_be_last(orders: list[Order], code: str) -> set[str]:
    """What is wanted by the orders that the daemon may have taken last; `up` before any."""
    mine = [order for order in orders if order.code == code]
    newest = max((order.sent for order in mine), default=0.0)
    return {order.wants for order in mine if order.answered >= newest} or {"up"}


def settled(daemon: Daemon, orders: list[Order]) -> dict[str, str]:
    """What is wanted of each, once all orders have been taken and carried out.

    An order is answered when it is left for its runner, which takes it in its turn.
    """
    until, seen = time.monotonic() + SETTLE_S, {}
    while True:
        before, seen = seen, {code: picture(daemon, code) for code in CODES}
        ends = [ENDS[wanted] == state for wanted, state, _ in seen.values()]
        could_be = [seen[code][0] in could_be_last(orders, code) for code in CODES]
        if before == seen and all(ends) and all(could_be):
            return {code: wanted for code, (wanted, _, _) in seen.items()}
        assert time.monotonic() < until, (seen, [could_be_last(orders, code) for code in CODES])
        time.sleep(0.2)


def picture(daemon: Daemon, code: str) -> tuple[str, str, int]:
    provider = daemon.provider(code)
    return provider["wanted"], provider["state"], provider["generation"]


def test_every_instance_ends_where_it_was_last_asked_to_be(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    furnish(home)
    daemon = start_daemon()
    daemon.wait_for(*CODES)
    until = time.monotonic() + SECONDS
    with ThreadPoolExecutor(CLIENTS) as pool, strangers() as passing:
        racing = [pool.submit(client, daemon, number, until) for number in range(CLIENTS)]
        while not all(one.done() for one in racing):
            ended = passing()
        orders = [order for one in racing for order in one.result()]
    wanted = settled(daemon, orders)
    up = [code for code in CODES if wanted[code] == "up"]
    assert len(home.alive()) == len(up)
    for code in up:
        assert daemon.ask(f"/api/v1/{code}/pid").json["pid"] == daemon.provider(code)["pid"]
    assert set(ended) == {0}
    wrong = re.findall(r"^.*(?:illegal_event|\[error|\[critical|Traceback).*$", daemon.log(), re.M)
    assert not wrong
    spawned = sum(daemon.provider(code)["generation"] for code in CODES)
    reloads = daemon.log().count("reload")
    print(
        f"{SECONDS:g} s: {Counter(order.verb for order in orders)}, {spawned} processes started, "
        f"{reloads} reloads told, {ended.total()} strangers unharmed"
    )
