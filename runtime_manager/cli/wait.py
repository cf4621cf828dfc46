"""`rtm wait`: return when providers are in a state, by the daemon's event stream."""

from __future__ import annotations

from time import monotonic

from runtime_manager.cli.arguments import STATES, add_timeout
from runtime_manager.cli.connect import find_daemon
from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.client.failures import NoDaemonError
from runtime_manager.client.sse import messages
from runtime_manager.client.targets import events_target, provider_target
from runtime_manager.errors import RuntimeManagerError, WaitTimeoutError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator
    from typing import Any

    from runtime_manager.cli.terminal import Terminal
    from runtime_manager.client.socket_client import Exchange, SocketClient
    from runtime_manager.client.sse import Message

# States a provider leaves only when somebody acts: waiting on would be in vain.
_ENDS = ("failed", "invalid")


class EndedError(RuntimeManagerError):
    """The provider came to rest in another state than the one waited for."""

    code = "ended"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `wait`."""
    parser.add_argument("codes", metavar="CODE", nargs="+", help="providers")
    parser.add_argument(
        "--state",
        choices=STATES,
        default="ready",
        metavar="STATE",
        help=f"wait for this state (default: ready): {', '.join(STATES)}",
    )
    add_timeout(parser)


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Wait for all; quiet when they are there."""
    client = find_daemon(arguments.home).client
    deadline = monotonic() + arguments.timeout_s
    # The stream begins with how things stand, so that nothing can happen unseen.
    with client.send("GET", events_target(), answer_s=arguments.timeout_s or 0.001) as exchange:
        watched = _Watched(client, codes=arguments.codes, state=arguments.state)
        try:
            for message in _until(exchange, deadline=deadline):
                watched.take(message)
                if not watched.missing:
                    break
        except WaitTimeoutError:
            raise watched.timed_out(arguments.timeout_s) from None
    if watched.missing:
        raise NoDaemonError("the daemon ended while it was waited for", hint="rtm status")
    if terminal.is_json:
        terminal.document({"providers": [client.get(provider_target(c)) for c in arguments.codes]})
    return ExitCode.DONE


def _until(exchange: Exchange, *, deadline: float) -> Iterator[Message]:
    """The events, each awaited no longer than the deadline allows (keep-alives count as none)."""

    def lines() -> Iterator[str]:
        for line in exchange.lines():
            yield line
            if monotonic() >= deadline:
                raise WaitTimeoutError("the wait timed out")
            exchange.limit_wait(deadline - monotonic())

    return messages(lines())


class _Watched:
    """The providers that are not yet in the state waited for."""

    def __init__(self, client: SocketClient, *, codes: list[str], state: str) -> None:
        self._client = client
        self._state = state
        self.missing = dict.fromkeys(codes, "unknown")

    def take(self, message: Message) -> None:
        """Take an event into account; raises EndedError when the wait is in vain."""
        code = message.data.get("code")
        if message.name == "snapshot":
            known = {provider["code"]: provider for provider in message.data["providers"]}
            for wanted in tuple(self.missing):
                self._see(known.get(wanted) or self._ask(wanted))
        elif code in self.missing and message.name.startswith("provider."):
            if self._state == _state_in(message):
                del self.missing[code]
            else:
                self._see(self._ask(code))

    def timed_out(self, timeout_s: float) -> WaitTimeoutError:
        """The error that tells what was still missing."""
        states = ", ".join(f"{code} is {state}" for code, state in self.missing.items())
        return WaitTimeoutError(
            f"not {self._state} after {timeout_s:g} s: {states}",
            hint="rtm status CODE tells why; --timeout waits longer",
        )

    def _ask(self, code: str) -> dict[str, Any]:
        """The provider as the daemon has it now; raises ProblemError for an unknown code."""
        return self._client.get(provider_target(code))

    def _see(self, provider: dict[str, Any]) -> None:
        code, state = provider["code"], provider["state"]
        if state == self._state:
            self.missing.pop(code, None)
            return
        self.missing[code] = state
        if state in _ENDS:
            cause = provider.get("cause") or {}
            reason = cause.get("message") or provider.get("manifest_error") or "no cause given"
            raise EndedError(
                f"{code} is {state}, not {self._state}: {reason}",
                hint=cause.get("hint") or f"rtm status {code} tells more",
            )


def _state_in(message: Message) -> object:
    """The state an event tells of, which may be over by the time we ask."""
    facts = message.data.get("data")
    return (facts if isinstance(facts, dict) else message.data).get("to")
