"""What can be seen of a live program that does not answer as it should; for telling a person.

Looks at processes and their descriptors: a few milliseconds, when something has gone wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from runtime_manager.model.endpoint import Endpoint, TcpEndpoint, UnixEndpoint
from runtime_manager.process import tree
from runtime_manager.process.listeners import Ownership, owner_of, places_of
from runtime_manager.process.ports import owner_text

_TAKE_IT = (
    "have it take its address from {host} and {port} in `args`, or HOST and PORT in its environment"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with it, as the second half of a sentence, and what to do.

    A hint says CODE for the provider's own.
    """

    message: str
    hint: str


def of_silence(pid: int, endpoint: Endpoint | None) -> Finding | None:
    """Why the program whose leader is `pid` does not answer at `endpoint`; None: not to be seen.

    `endpoint` is None of a program that has not said yet where it listens.
    """
    if (stopped := _stopped(pid)) is not None:
        return stopped
    match endpoint:
        case None:
            return _unreported(places_of(tree.tree_pids(pid)))
        case TcpEndpoint():
            return _elsewhere(endpoint, set(tree.tree_pids(pid)))
        case UnixEndpoint():
            return _no_socket(endpoint)


def _stopped(pid: int) -> Finding | None:
    found = tree.kin(pid)
    if found is None or found.state not in ("T", "t"):
        return None
    by = "a debugger" if found.state == "t" else "a signal (SIGSTOP)"
    return Finding(f"its process {pid} is stopped by {by}", f"kill -CONT {pid} lets it go on")


def _unreported(places: Iterable[str]) -> Finding:
    listens = ", ".join(places)
    told = "it has not said where it listens"
    return Finding(
        f"{told}, and listens on {listens}" if listens else told,
        "it must print a line `LISTENING host:port` to its standard output, and flush it",
    )


def _elsewhere(endpoint: TcpEndpoint, pids: set[int]) -> Finding | None:
    owner = owner_of(endpoint.port, pids=pids, host=endpoint.host)
    if owner is Ownership.OURS:
        return None
    if owner is Ownership.STRANGER:
        by = owner_text(endpoint.port, host=endpoint.host) or " by another user's program"
        return Finding(
            f"its port {endpoint.port} is answered{by}, not by it",
            "stop that program; with `port: 0` a start takes a free one",
        )
    listens = ", ".join(places_of(pids))
    if listens:
        return Finding(f"it listens on {listens}, not on {endpoint} as it was told", _TAKE_IT)
    return Finding(
        f"it listens on no port, and was told {endpoint}",
        "see that it listens there; rtm logs CODE shows what it printed",
    )


def _no_socket(endpoint: UnixEndpoint) -> Finding | None:
    if endpoint.path.exists():
        return None
    return Finding(
        f"there is no socket at {endpoint.path}",
        "have it listen on {socket}, which `args` can have",
    )
