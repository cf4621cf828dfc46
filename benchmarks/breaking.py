"""From spawn to routed among broken providers: what those cost that are well."""

from __future__ import annotations

from benchmarks.figures import Limit, Row, Section, Unit
from benchmarks.ground import Home, running, temporary_home
from benchmarks.rounds import Effort, in_turns

_WELL = 15
_LIMIT = Limit(factor=1.1, plus=0.050)


def measure(effort: Effort) -> Section:
    """The same fifteen in the same daemon, started with the broken ones and without them."""
    with temporary_home() as home:
        codes = home.add_many(_WELL)
        broken = _add_broken(home)
        with running(home) as daemon:

            def among_broken() -> float:
                taken = daemon.start(codes, alongside=broken)
                daemon.stop([*codes, *broken])
                return taken

            def alone() -> float:
                taken = daemon.start(codes)
                daemon.stop(codes)
                return taken

            us, beside = in_turns(effort.rounds, among_broken, alone)
    return Section(
        "broken",
        f"{_WELL} providers that are well, started together with {len(broken)} broken ones",
        "without those",
        (Row(f"{_WELL} routes open", Unit.SECONDS, us, beside, _LIMIT),),
    )


def _add_broken(home: Home) -> list[str]:
    """Each in another way; their programs do next to nothing, so that the waiting is compared."""
    home.add("a-missing", ("/nonexistent/program",))
    home.add("b-dies", ("/bin/sh", "-c", "exit 3"))
    home.add("c-mute", ("/bin/sh", "-c", "exec sleep 600"))
    home.add("d-deaf", ("/bin/sh", "-c", "trap '' TERM; sleep 600 & wait"), stop={"grace": "1s"})
    home.add("e-gone", ("/bin/sh", "-c", "sleep 600 &"))
    return ["a-missing", "b-dies", "c-mute", "d-deaf", "e-gone"]
