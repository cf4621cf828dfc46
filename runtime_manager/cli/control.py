"""`rtm start`, `stop`, `restart`: ask for all at once, then wait for each outcome."""

from __future__ import annotations

from contextlib import ExitStack

from runtime_manager.cli.arguments import add_timeout
from runtime_manager.cli.connect import find_daemon
from runtime_manager.cli.exit_codes import ExitCode, exit_code_of
from runtime_manager.cli.failures import UsageError
from runtime_manager.client.failures import code_of
from runtime_manager.client.targets import PROVIDERS_UNMEASURED, provider_target
from runtime_manager.errors import RuntimeManagerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from runtime_manager.cli.terminal import Terminal
    from runtime_manager.client.socket_client import SocketClient

# The daemon keeps the time of a wait; this is for its answer to reach us.
_MARGIN_S = 5.0


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `start`, `stop` and `restart`."""
    parser.add_argument("codes", metavar="CODE", nargs="*", help="providers")
    parser.add_argument("--all", action="store_true", help="every provider with a good manifest")
    parser.add_argument("--no-wait", action="store_true", help="ask, and do not wait")
    add_timeout(parser)


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Ask the daemon; quiet when all is done, else the first failure's exit code."""
    if bool(arguments.codes) == arguments.all:
        raise UsageError(
            f"{arguments.verb} needs either codes or --all", hint="rtm list shows the codes"
        )
    client = find_daemon(arguments.home).client
    codes = _all_codes(client) if arguments.all else list(dict.fromkeys(arguments.codes))
    wait_s = None if arguments.no_wait else arguments.timeout_s
    providers, errors = _ask(client, arguments.verb, codes, wait_s=wait_s)
    if terminal.is_json:
        terminal.document({"providers": providers})
    for error in errors:
        terminal.failure(error)
    return exit_code_of(code_of(errors[0])) if errors else ExitCode.DONE


def _ask(
    client: SocketClient, deed: str, codes: Sequence[str], *, wait_s: float | None
) -> tuple[list[object], list[RuntimeManagerError]]:
    """All requests are on their way before the first answer is awaited, so the waits overlap."""
    query = "" if wait_s is None else f"?wait={wait_s:g}s"
    providers: list[object] = []
    errors: list[RuntimeManagerError] = []
    with ExitStack() as stack:
        exchanges = [
            stack.enter_context(
                client.send(
                    "POST", provider_target(code, deed) + query, answer_s=(wait_s or 0) + _MARGIN_S
                )
            )
            for code in codes
        ]
        for exchange in exchanges:
            try:
                providers.append(exchange.document())
            except RuntimeManagerError as error:
                errors.append(error)
    return providers, errors


def _all_codes(client: SocketClient) -> list[str]:
    providers = client.get(PROVIDERS_UNMEASURED)["providers"]
    return [provider["code"] for provider in providers if provider["state"] != "invalid"]
