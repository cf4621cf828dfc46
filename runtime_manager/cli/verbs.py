"""Every verb: what it is for, examples, and the module that does it.

A verb's module has `add_arguments(parser)` and `run(arguments, terminal) -> ExitCode`, and is
imported only when its verb is called (or all of them, for completion).
"""

from __future__ import annotations

from runtime_manager.cli.exit_codes import ExitCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Verb:
    """One row of the table below; `module` is below `runtime_manager.cli`.

    `notes` are sentences that the help ends with, where arguments and examples do not say it.
    """

    __slots__ = ("examples", "exit_codes", "module", "notes", "purpose")

    def __init__(
        self,
        purpose: str,
        *,
        module: str,
        examples: Sequence[str],
        exit_codes: Sequence[ExitCode] = (),
        notes: Sequence[str] = (),
    ) -> None:
        self.purpose = purpose
        self.module = module
        self.examples = examples
        self.notes = notes
        self.exit_codes = (ExitCode.DONE, ExitCode.FAILED, ExitCode.USAGE, *exit_codes)


_ASKS = (ExitCode.NO_DAEMON,)
_ASKS_OF_ONE = (ExitCode.NO_DAEMON, ExitCode.UNKNOWN_CODE)
_WAITS = (*_ASKS_OF_ONE, ExitCode.WAIT_TIMED_OUT, ExitCode.INTERRUPTED)
_FOLLOWS = (*_ASKS_OF_ONE, ExitCode.INTERRUPTED)
_READS_FILES = (ExitCode.BAD_CONFIGURATION,)
_OF_ONE = (ExitCode.UNKNOWN_CODE, *_READS_FILES)

GROUPS: dict[str, dict[str, Verb]] = {
    "The daemon": {
        "serve": Verb(
            "Run the daemon in the foreground: start providers, watch them, route to them",
            module="serve",
            examples=[
                "rtm serve",
                "rtm serve --listen 127.0.0.1:0 --announce json --exit-on-stdin-eof",
            ],
            notes=[
                "signals: SIGTERM and SIGINT stop all providers and end it, a second one without",
                "their graces; SIGHUP reads settings and manifests anew, as rtm reload does.",
            ],
            exit_codes=_READS_FILES,
        ),
        "service": Verb(
            "Let systemd run the daemon: install its units, remove them, tell how it is",
            module="service",
            examples=[
                "rtm service install",
                "rtm service install --user --dry-run",
                "rtm service status --user",
            ],
        ),
        "reload": Verb(
            "Read settings and manifests anew, and restart only what needs it",
            module="reload",
            examples=["rtm reload --dry-run", "rtm reload --wait --timeout 1m"],
            exit_codes=(*_ASKS, ExitCode.BAD_CONFIGURATION, ExitCode.WAIT_TIMED_OUT),
        ),
        "doctor": Verb(
            "Look at the home, the daemon and the machine, and tell what to mend",
            module="doctor",
            examples=["rtm doctor", "rtm doctor --format json", "rtm doctor --leftovers --yes"],
        ),
        "config": Verb(
            "Show the settings in effect, or check every file without a daemon",
            module="config",
            examples=["rtm config", "rtm config --check"],
            exit_codes=_READS_FILES,
        ),
        "version": Verb(
            "Show the version of this program and of the running daemon",
            module="version",
            examples=["rtm version", "rtm version --format json"],
        ),
    },
    "What runs": {
        "list": Verb(
            "List the providers: state, address, process, and why one is not ready",
            module="listing",
            examples=["rtm list", "rtm list --state failed --state backoff"],
            exit_codes=_ASKS,
        ),
        "status": Verb(
            "Tell all about one provider, and why it is down; without CODE, about the daemon",
            module="status",
            examples=["rtm status", "rtm status cool", "rtm status cool && echo it is ready"],
            exit_codes=_ASKS_OF_ONE,
        ),
        "why": Verb(
            "Tell in a few lines what is wrong with a provider, and what to do",
            module="why",
            examples=["rtm why cool", "rtm why cool --format json"],
            exit_codes=(*_ASKS_OF_ONE, *_READS_FILES),
        ),
        "top": Verb(
            "Show what each provider uses and is asked for, drawn anew every two seconds",
            module="top",
            examples=["rtm top", "rtm top --sort cpu", "rtm top --once --format json"],
            exit_codes=_ASKS,
        ),
        "routes": Verb(
            "List which address leads to which provider",
            module="routes",
            examples=["rtm routes"],
            exit_codes=_ASKS,
        ),
        "logs": Verb(
            "Show what a provider wrote to its standard output and error",
            module="logs",
            examples=["rtm logs cool --tail 20", "rtm logs cool --follow --stream stderr"],
            notes=[
                "With --format json each line is a document of its own (NDJSON): number, at,",
                "stream, generation, text.",
            ],
            exit_codes=_FOLLOWS,
        ),
        "events": Verb(
            "Follow what happens: state changes, exits, routes",
            module="events",
            examples=["rtm events", "rtm events --code cool --format json", "rtm events --once"],
            exit_codes=_FOLLOWS,
            notes=[
                "With --format json each line is a document of its own (NDJSON): name, number, at,",
                "code, generation, data; the first is the snapshot.",
            ],
        ),
    },
    "Providers": {
        "start": Verb(
            "Start providers, and wait until they are ready",
            module="control",
            examples=["rtm start cool", "rtm start --all --timeout 2m"],
            exit_codes=_WAITS,
        ),
        "stop": Verb(
            "Stop providers, and wait until they have ended; no request wakes them",
            module="control",
            examples=["rtm stop cool", "rtm stop cool other --no-wait"],
            exit_codes=_WAITS,
        ),
        "restart": Verb(
            "Stop and start providers, and wait until they are ready again",
            module="control",
            examples=["rtm restart cool", "rtm restart --all"],
            exit_codes=_WAITS,
        ),
        "wait": Verb(
            "Wait until providers are in a state",
            module="wait",
            examples=["rtm wait cool", "rtm wait cool other --state stopped --timeout 1m"],
            exit_codes=_WAITS,
        ),
        "open": Verb(
            "Open a provider or the dashboard in a browser, signed in",
            module="opening",
            examples=["rtm open cool", "rtm open cool --via path", "rtm open dashboard --print"],
            exit_codes=_ASKS_OF_ONE,
        ),
    },
    "Packages": {
        "search": Verb(
            "Look for packages in the indexes; without words, list them all",
            module="search",
            examples=["rtm search", "rtm search chart sql", "rtm search --index ./packages"],
            exit_codes=_READS_FILES,
        ),
        "info": Verb(
            "Tell all about one package: what is offered, and what is installed",
            module="information",
            examples=["rtm info cool", "rtm info cool --format json"],
            exit_codes=_READS_FILES,
        ),
        "outdated": Verb(
            "List installed packages of which the indexes have a newer version",
            module="outdated",
            examples=["rtm outdated", "rtm outdated --format json"],
            exit_codes=_READS_FILES,
        ),
        "install": Verb(
            "Install a package, or another version of it: all of it or nothing",
            module="installing",
            examples=[
                "rtm install ./cool",
                "rtm install cool-1.2.0.tar.gz --sha256 HEX",
                "rtm install cool@^1.2",
                "rtm install ./cool --link",
                "rtm install --locked other/registry.yaml",
            ],
            exit_codes=_READS_FILES,
        ),
        "upgrade": Verb(
            "Install the newest version of packages, from where they came or from another source",
            module="upgrading",
            examples=["rtm upgrade cool", "rtm upgrade cool@^2", "rtm upgrade --all"],
            exit_codes=_OF_ONE,
        ),
        "uninstall": Verb(
            "Remove packages; what they wrote stays, unless it is purged",
            module="package_changes",
            examples=["rtm uninstall cool", "rtm uninstall cool --cascade --purge --yes"],
            exit_codes=_OF_ONE,
        ),
        "rollback": Verb(
            "Go back to a version that was in use before; the last two are kept",
            module="package_changes",
            examples=["rtm rollback cool", "rtm rollback cool --to 1.1.0"],
            exit_codes=_OF_ONE,
        ),
        "verify": Verb(
            "Compare every installed file with what was installed",
            module="verifying",
            examples=["rtm verify", "rtm verify cool --format json"],
            exit_codes=_OF_ONE,
        ),
        "set": Verb(
            "Set what a package lets its operator set, or show it; secrets are never shown",
            module="setting",
            examples=["rtm set cool", "rtm set cool url=https://example.org token=@token.txt"],
            exit_codes=_OF_ONE,
        ),
        "hold": Verb(
            "Keep packages at their version",
            module="package_changes",
            examples=["rtm hold cool"],
            exit_codes=_OF_ONE,
        ),
        "unhold": Verb(
            "Let packages be upgraded again",
            module="package_changes",
            examples=["rtm unhold cool"],
            exit_codes=_OF_ONE,
        ),
        "enable": Verb(
            "Start packages with the daemon",
            module="package_changes",
            examples=["rtm enable cool"],
            exit_codes=_OF_ONE,
        ),
        "disable": Verb(
            "Start packages only when asked",
            module="package_changes",
            examples=["rtm disable cool"],
            exit_codes=_OF_ONE,
        ),
        "trust": Verb(
            "Say whose packages are trusted: add, list or remove keys",
            module="signing",
            examples=[
                "rtm trust add author.key.pub",
                "rtm trust list",
                "rtm trust remove 0123456789abcdef --revoke --note stolen",
            ],
        ),
    },
    "For authors of packages": {
        "new": Verb(
            "Write a small package to begin with, which keeps every promise as it is",
            module="creating",
            examples=["rtm new cool", "rtm new cool --template node --dir ~/src/cool"],
        ),
        "check": Verb(
            "Start a package for real in a scratch home, and tell which promises it keeps",
            module="checking",
            examples=["rtm check", "rtm check ./cool --format json", "rtm check a --with ../b"],
            exit_codes=(*_READS_FILES, ExitCode.INTERRUPTED),
        ),
        "pack": Verb(
            "Make an archive of a package's folder, the same bytes whenever it is made",
            module="packaging",
            examples=["rtm pack ./cool", "rtm pack ./cool -o cool.tar.gz"],
            exit_codes=_READS_FILES,
        ),
        "keygen": Verb(
            "Make a key that signs packages",
            module="signing",
            examples=["rtm keygen ~/.config/rtm.key --name Author"],
        ),
        "sign": Verb(
            "Sign a package's folder, before it is packed",
            module="signing",
            examples=["rtm sign ./cool --key ~/.config/rtm.key && rtm pack ./cool"],
            exit_codes=_READS_FILES,
        ),
        "index": Verb(
            "Make an index of a folder of archives, for others to install from",
            module="index",
            examples=[
                "rtm index build ./packages",
                "rtm index build ./packages --base-url https://example.org/packages",
            ],
            exit_codes=_READS_FILES,
        ),
    },
    "For tools": {
        "schema": Verb(
            "Print the JSON Schema of a file",
            module="schema",
            examples=["rtm schema manifest > manifest.schema.json"],
        ),
        "completion": Verb(
            "Print a completion script for a shell",
            module="completion",
            examples=[
                "rtm completion bash > ~/.local/share/bash-completion/completions/rtm",
                "rtm completion fish > ~/.config/fish/completions/rtm.fish",
            ],
        ),
    },
}

VERBS: dict[str, Verb] = {name: verb for group in GROUPS.values() for name, verb in group.items()}
