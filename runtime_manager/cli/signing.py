"""`rtm keygen`, `sign` and `trust`: keys that sign packages, and those that are trusted."""

from __future__ import annotations

from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.cli.failures import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from runtime_manager.cli.terminal import Terminal
    from runtime_manager.packages.keys import PublicKey
    from runtime_manager.packages.trust import Trust


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of the verb whose parser this is."""
    match parser.prog.split()[-1]:
        case "keygen":
            parser.add_argument("file", metavar="FILE", help="the private key; FILE.pub beside it")
            parser.add_argument(
                "--name", metavar="NAME", default="", help="whose key it is, for people"
            )
        case "sign":
            parser.add_argument("folder", metavar="DIR", help="the package's folder")
            parser.add_argument("--key", metavar="FILE", required=True, help="the private key")
        case _:
            _add_deeds(parser)


def _add_deeds(parser: ArgumentParser) -> None:
    parser.add_argument("deed", choices=tuple(_DEEDS), help="what to do")
    parser.add_argument(
        "key",
        metavar="KEY",
        nargs="?",
        help="add: a file such as author.key.pub, or its line; remove: the key's id or name",
    )
    parser.add_argument(
        "--revoke", action="store_true", help="remove: and never again; what it signed is refused"
    )
    parser.add_argument(
        "--note", metavar="TEXT", default="", help="revoke: why, for those who ask later"
    )


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Do what the verb says."""
    match arguments.verb:
        case "keygen":
            return _keygen(arguments, terminal)
        case "sign":
            return _sign(arguments, terminal)
    if (arguments.deed == "list") != (arguments.key is None):
        raise UsageError("`trust add` and `trust remove` take a KEY, `trust list` takes none")
    from runtime_manager.cli.package_work import home_of
    from runtime_manager.packages.trust import Trust

    return _DEEDS[arguments.deed](Trust(home_of(arguments.home)), arguments, terminal)


def _keygen(arguments: Namespace, terminal: Terminal) -> ExitCode:
    from pathlib import Path

    from runtime_manager.packages.keys import generate

    path = Path(arguments.file).expanduser()
    key = generate(path, name=" ".join(arguments.name.split()))
    if terminal.is_json:
        terminal.document({**_document(key), "file": str(path)})
    else:
        terminal.line(key.line)
        terminal.remark(f"keep {path} to yourself; {path}.pub is for those who trust you")
    return ExitCode.DONE


def _sign(arguments: Namespace, terminal: Terminal) -> ExitCode:
    from pathlib import Path

    from runtime_manager.packages.signature import SIGNATURE_FILE, sign_folder

    folder = Path(arguments.folder).expanduser()
    key = sign_folder(folder, key_file=Path(arguments.key).expanduser())
    if terminal.is_json:
        terminal.document({"file": str(folder / SIGNATURE_FILE), "signer": key.id})
    else:
        terminal.line(f"{folder / SIGNATURE_FILE}: signed by {key.id}")
    return ExitCode.DONE


def _add(trust: Trust, arguments: Namespace, terminal: Terminal) -> ExitCode:
    from pathlib import Path

    from runtime_manager.packages.keys import parse_public_key

    path = Path(arguments.key).expanduser()
    is_line = " " in arguments.key and not path.is_file()
    key = parse_public_key(arguments.key if is_line else path.read_text(errors="replace"))
    trust.add(key)
    if terminal.is_json:
        terminal.document(_document(key))
    else:
        terminal.line(f"trusted: {key.id} {key.name}".rstrip())
    return ExitCode.DONE


def _list(trust: Trust, arguments: Namespace, terminal: Terminal) -> ExitCode:
    keys, revoked = trust.keys(), trust.revoked()
    if terminal.is_json:
        terminal.document({"trusted": [_document(key) for key in keys], "revoked": revoked})
        return ExitCode.DONE
    from runtime_manager.cli.table import table

    rows = [("ID", "STANDING", "NAME"), *((key.id, "trusted", key.name) for key in keys)]
    rows += [(id_, "revoked", note) for id_, note in revoked.items()]
    terminal.lines(table(rows, width=terminal.width) if len(rows) > 1 else [])
    return ExitCode.DONE


def _remove(trust: Trust, arguments: Namespace, terminal: Terminal) -> ExitCode:
    id_ = trust.remove(arguments.key, revoke=arguments.revoke, note=arguments.note)
    if terminal.is_json:
        terminal.document({"id": id_, "revoked": arguments.revoke})
    else:
        terminal.line(f"{'revoked' if arguments.revoke else 'removed'}: {id_}")
    return ExitCode.DONE


def _document(key: PublicKey) -> dict[str, object]:
    return {"id": key.id, "name": key.name, "key": key.line}


_DEEDS = {"add": _add, "list": _list, "remove": _remove}
