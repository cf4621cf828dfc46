"""A provider's life on a scratch home: it comes up, restarts, ends. What is seen is told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from runtime_manager.conformance import processes
from runtime_manager.conformance.answers import NoAnswerError
from runtime_manager.conformance.processes import Member
from runtime_manager.conformance.promises import (
    Finding,
    Promise,
    broken,
    kept,
    not_applicable,
    not_tried,
)
from runtime_manager.conformance.scratch import ScratchDaemon
from runtime_manager.model.parts import Listen, Start
from runtime_manager.model.provider import Provider

_LOOK_S = 0.05
_MARGIN_S = 5.0
_LAST_LINES = 6
_OVER = ("failed", "backoff", "unhealthy", "invalid")


class Life:
    """One provider under one daemon; its processes go into `seen`.

    Raises NoAnswerError where the daemon itself is silent.
    """

    def __init__(
        self,
        provider: Provider,
        daemon: ScratchDaemon,
        seen: set[Member],
        *,
        patience_s: float,
    ) -> None:
        self.provider = provider
        self.daemon = daemon
        self._seen = seen
        self._leaders: set[Member] = set()
        self._patience_s = patience_s

    def begin(self) -> Finding:
        """Wake it, start it, or leave that to the daemon, as the manifest has it."""
        start = self.provider.start
        if start is Start.MANUAL:
            self.daemon.ask(f"/api/v1/providers/{self.provider.code}/start", method="POST")
        if start is not Start.ON_DEMAND:
            return not_applicable(Promise.WAKES, f"start: {start}")
        begun = time.monotonic()
        path = f"{self.provider.manifest.namespace}/"
        try:
            status = self.daemon.ask(path, answer_s=self._patience_s + _MARGIN_S).status
        except NoAnswerError as error:
            return broken(Promise.WAKES, str(error))
        took = f"status {status} after {time.monotonic() - begun:.2f} s"
        return broken(Promise.WAKES, took) if status >= 500 else kept(Promise.WAKES, took)

    def ready(self, promise: Promise = Promise.READY) -> Finding:
        """Whether it comes up at its first try, or at the next where only its port was taken."""
        provider = self._settled()
        if provider["state"] == "ready":
            self._remember(provider)
            tries = provider["generation"]
            again = f", at try {tries}: it binds without SO_REUSEADDR" if tries > 1 else ""
            limit_s = self.provider.manifest.health.start_timeout_s
            return kept(promise, f"{provider['started_in_s']:.2f} s of {limit_s:g} s{again}")
        if waiting := self._waiting_for(provider):
            return not_tried(promise, waiting)
        return broken(promise, _reason(provider), hint=_start_hint(provider["cause"] or {}))

    def restarts(self) -> Finding:
        """Whether a restart on request gives a new process that is ready."""
        before = self.daemon.provider(self.provider.code)
        begun = time.monotonic()
        after = self.daemon.do("restart", self.provider.code, wait_s=self._patience_s)
        if after["state"] == "ready" and after["generation"] > before["generation"]:
            self._remember(after)
            return kept(Promise.RESTARTS, f"ready again after {time.monotonic() - begun:.2f} s")
        hint = "what the first run leaves must not be in the way of the next"
        return broken(Promise.RESTARTS, _reason(after), hint=hint)

    def ends(self) -> Iterator[Finding]:
        """Whether it ends by its stop signal, in its grace, and nothing lives on."""
        self._remember(self.daemon.provider(self.provider.code))
        stop = self.provider.manifest.stop
        begun = time.monotonic()
        wait_s = stop.drain_s + stop.grace_s + _MARGIN_S
        after = self.daemon.do("stop", self.provider.code, wait_s=wait_s)
        took_s = time.monotonic() - begun
        status = after["last_exit"] or "no exit seen"
        if after["state"] != "stopped" or status == "killed by SIGKILL":
            yield broken(
                Promise.ENDS,
                f"{stop.signal.name} did not end it within {stop.grace_s:g} s: {status}",
                hint="end on that signal, or name another one, or a longer time, under `stop`",
            )
        else:
            yield kept(Promise.ENDS, f"{status}, {took_s:.2f} s after {stop.signal.name}")
        yield self._leaves_nothing(after)

    def _leaves_nothing(self, provider: dict[str, Any]) -> Finding:
        left = max((one["left"] for one in provider["exits"]), default=0)
        alive = processes.kill_rest(self._seen)
        if not left and not alive:
            return kept(Promise.LEAVES_NOTHING)
        names = ", ".join(sorted({one.name for one in alive or self._seen - self._leaders}))
        return broken(
            Promise.LEAVES_NOTHING,
            f"{left or len(alive)} of its processes had to be killed: {names or 'unknown ones'}",
            hint="end your children, and wait for them, before the first process ends",
        )

    def listens(self) -> Finding:
        """Whether its ports are on loopback; those it was not told of are named."""
        provider = self.daemon.provider(self.provider.code)
        self._remember(provider)
        found = processes.listeners(processes.members(provider["pid"])) if provider["pid"] else ()
        exposed = [one for one in found if not one.is_loopback]
        if exposed:
            return broken(
                Promise.LISTENS,
                f"the network reaches it at {', '.join(map(str, exposed))}",
                hint="bind to {host}, which is 127.0.0.1 and is given as HOST too",
            )
        endpoint = str(provider["endpoint"])
        more = [str(one) for one in found if str(one) != endpoint]
        also = f", and on loopback also at {', '.join(more)}" if more else ""
        shown = endpoint if self.provider.manifest.listen is not Listen.UNIX else "its Unix socket"
        return kept(Promise.LISTENS, shown + also)

    def _settled(self) -> dict[str, Any]:
        """It, once it is ready or has failed; a port that was taken gets further tries."""
        until = time.monotonic() + self._patience_s
        while True:
            provider = self.daemon.provider(self.provider.code)
            kind = (provider["cause"] or {}).get("kind")
            is_over = kind == "done" or (provider["state"] in _OVER and kind != "port-taken")
            if provider["state"] in ("ready", "failed") or is_over or time.monotonic() > until:
                return provider
            if self._waiting_for(provider):
                return provider
            time.sleep(_LOOK_S)

    def _waiting_for(self, provider: dict[str, Any]) -> str:
        """Which of its dependencies has failed, and why; empty where none has."""
        if (provider["cause"] or {}).get("kind") != "waiting":
            return ""
        for code in provider["depends_on"]:
            other = self.daemon.provider(code)
            if other["state"] in _OVER:
                reason = (other["cause"] or {}).get("message") or "no cause is known"
                return f"{code}, which it depends on, is {other['state']}: {reason}"
        return ""

    def _remember(self, provider: dict[str, Any]) -> None:
        if provider["pid"]:
            found = processes.members(provider["pid"])
            self._leaders.update(found[:1])
            self._seen.update(found)


def _reason(provider: dict[str, Any]) -> str:
    """Why it is not ready, and its last words."""
    cause = provider["cause"] or {}
    reason = cause.get("message") or f"it is {provider['state']}"
    words = [f"  {line}" for line in provider["stderr_tail"][-_LAST_LINES:]]
    return "\n".join([reason, *words])


def _start_hint(cause: dict[str, Any]) -> str:
    hint = str(cause.get("hint") or "")
    if cause.get("kind") == "exited":
        return "run it by hand with the same arguments, and see the lines above"
    return hint
