"""`rtm new`: a small package to begin with, from a template; it keeps every promise as it is."""

from __future__ import annotations

import os

from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.cli.failures import UsageError
from runtime_manager.errors import ManifestError, RuntimeManagerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping
    from pathlib import Path

    from runtime_manager.cli.terminal import Terminal

TEMPLATES = ("python", "node", "go", "shell")
_FIRST_STEPS = {"go": "(cd {folder} && go build -o server .)"}


class ExistsError(RuntimeManagerError):
    """Something stands where a new package should."""

    code = "exists"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `new`."""
    parser.add_argument("name", metavar="NAME", help="its code: a-z, 0-9 and -")
    parser.add_argument(
        "--template",
        choices=TEMPLATES,
        default="python",
        help="what it is written in (default: python)",
    )
    parser.add_argument("--dir", metavar="DIR", help="the folder to make (default: ./NAME)")


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Write the package; nothing that is there is ever overwritten."""
    from pathlib import Path

    folder = Path(arguments.dir or arguments.name).expanduser()
    files = rendered(arguments.template, arguments.name)
    _refuse_bad_name(files["manifest.yaml"], arguments.name)
    _write(files, folder)
    steps = next_steps(arguments.template, arguments.name, folder, home=arguments.home)
    if terminal.is_json:
        written = [str(folder / name) for name in sorted(files)]
        terminal.document({"folder": str(folder), "files": written, "next": steps})
    else:
        terminal.lines([f"{folder}: {', '.join(sorted(files))}", "", "next:"])
        terminal.lines([f"  {step}" for step in steps])
    return ExitCode.DONE


def rendered(template: str, code: str) -> dict[str, str]:
    """The files of a template by path, with the code and a name for people put in."""
    name = code.replace("-", " ").capitalize()
    return {
        path: text.replace("{{code}}", code).replace("{{name}}", name)
        for path, text in _template(template).items()
    }


def next_steps(template: str, code: str, folder: Path, *, home: str | None) -> list[str]:
    """The commands that come after it."""
    from shlex import quote

    from runtime_manager.model.home import Home

    place = quote(str(folder if folder.is_absolute() else f"./{folder}"))
    option = f" --home {quote(home)}" if home else ""
    providers = Home.locate(home, os.environ).providers
    first = [_FIRST_STEPS[template].format(folder=place)] if template in _FIRST_STEPS else []
    return [
        *first,
        f"rtm check {place}",
        *([] if providers.is_dir() else [f"mkdir -p {quote(str(providers))}"]),
        f"ln -s {quote(str(folder.absolute()))} {quote(str(providers / code))}",
        f"rtm serve{option}  # or, where a daemon runs already: rtm reload{option}",
        f"rtm open {code}{option}",
    ]


def _template(name: str) -> Mapping[str, str]:
    from pathlib import Path

    root = Path(__file__).parent / "templates" / name
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            relative = path.relative_to(root).as_posix()
            # Under its own name it would hold for this repository.
            name = ".gitignore" if relative == "gitignore" else relative
            found[name] = path.read_text(encoding="utf-8")
    return found


def _refuse_bad_name(manifest: str, name: str) -> None:
    """Raise UsageError for what the daemon would not take as a code."""
    from runtime_manager.model.manifest import CODE, parse_manifest

    if not CODE.fullmatch(name):
        near = "".join(c if c.isalnum() else "-" for c in name.lower()).strip("-")[:63]
        hint = f"such as {near}" if CODE.fullmatch(near) else "such as my-provider"
        raise UsageError(f"{name!r} cannot be a code: a-z, 0-9 and -, at most 63", hint=hint)
    try:
        parse_manifest(manifest, file="manifest.yaml", dir_name=name)
    except ManifestError as error:
        raise UsageError(f"{name!r} cannot be a code: it is the daemon's own") from error


def _write(files: Mapping[str, str], folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExistsError(
            f"{folder} is there already, and not empty",
            hint="choose another name, or another place with --dir",
        )
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        if text.startswith("#!"):
            path.chmod(0o755)
