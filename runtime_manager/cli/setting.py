"""`rtm set`: what a provider's operator has to say; and the questions `install` asks about it."""

from __future__ import annotations

import sys

from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.cli.failures import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Mapping

    from runtime_manager.cli.terminal import Terminal
    from runtime_manager.model.home import Home
    from runtime_manager.model.manifest import Manifest
    from runtime_manager.model.provider_settings import Setting


class Given:
    """Values by name; secrets apart."""

    __slots__ = ("secrets", "values")

    def __init__(self, values: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        self.values = values
        self.secrets = secrets


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `set`."""
    parser.add_argument("code", metavar="CODE", help="an installed package")
    parser.add_argument(
        "given",
        metavar="NAME=VALUE",
        nargs="*",
        help="a setting; a secret is NAME=@FILE, or asked for (default: show all settings)",
    )


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Set, or show; a secret is never shown, only whether there is one."""
    import os

    from runtime_manager.cli.package_work import manifest_of
    from runtime_manager.model.home import Home
    from runtime_manager.packages.provider_settings import ProviderSettings

    home = Home.locate(arguments.home, os.environ)
    manifest = manifest_of(home, arguments.code)
    own = ProviderSettings(home, manifest.code)
    if arguments.given:
        given = settings_given(manifest, arguments.given)
        own.set(given.values, given.secrets)
        terminal.remark(f"it is used from the next start: rtm restart {manifest.code}")
        return ExitCode.DONE
    shown = _shown(manifest, own.values(), own.secrets())
    if terminal.is_json:
        terminal.document({"settings": shown})
    else:
        terminal.lines([f"{name} = {text}" for name, text in shown.items()])
    return ExitCode.DONE


def settings_given(manifest: Manifest, words: Iterable[str]) -> Given:
    """What NAME=VALUE words say. Raises UsageError, SettingsError."""
    from pathlib import Path

    from runtime_manager.model.provider_settings import checked
    from runtime_manager.packages.provider_settings import read_secret

    texts = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise UsageError(f"{word!r} is no setting", hint="expected NAME=VALUE")
        spec = manifest.settings.get(name)
        if spec is not None and spec.secret:
            if not text.startswith("@"):
                raise UsageError(
                    f"`{name}` is a secret, and others can read a command line",
                    hint=f"put it into a file: {name}=@FILE",
                )
            text = read_secret(Path(text[1:]).expanduser())
        texts[name] = text
    return _parted(manifest, checked(manifest.settings, texts))


def settings_asked(
    manifest: Manifest, home: Home, terminal: Terminal, *, words: Iterable[str]
) -> Given:
    """What was given, and what a person at the terminal adds where a required one is missing.

    Raises UsageError where nobody can be asked.
    """
    from runtime_manager.model.provider_settings import checked, missing
    from runtime_manager.packages.provider_settings import ProviderSettings

    given = settings_given(manifest, words)
    own = ProviderSettings(home, manifest.code)
    known = {*given.values, *given.secrets, *own.values(), *own.secrets()}
    answers = {
        name: _answer(name, manifest.settings[name], terminal)
        for name in missing(manifest.settings, known)
    }
    more = _parted(manifest, checked(manifest.settings, answers))
    return Given({**given.values, **more.values}, {**given.secrets, **more.secrets})


def _answer(name: str, setting: Setting, terminal: Terminal) -> str:
    if terminal.is_json or not sys.stdin.isatty():
        example = f"{name}=@FILE" if setting.secret else f"{name}=VALUE"
        raise UsageError(f"the setting `{name}` is required", hint=f"give it: --set {example}")
    prompt = f"{name}{f' ({setting.description})' if setting.description else ''}: "
    if setting.secret:
        from getpass import getpass

        return getpass(prompt)
    terminal.err.write(prompt)
    terminal.err.flush()
    return sys.stdin.readline().rstrip("\n")


def _parted(manifest: Manifest, values: Mapping[str, str]) -> Given:
    secret = {name for name in values if manifest.settings[name].secret}
    return Given(
        {name: text for name, text in values.items() if name not in secret},
        {name: text for name, text in values.items() if name in secret},
    )


def _shown(
    manifest: Manifest, values: Mapping[str, str], secrets: Iterable[str]
) -> dict[str, str | None]:
    known = set(secrets)
    shown: dict[str, str | None] = {}
    for name, setting in manifest.settings.items():
        if setting.secret:
            shown[name] = "(set)" if name in known else None
        else:
            shown[name] = values.get(name, setting.default)
    return {name: "" if text is None else text for name, text in shown.items()}
