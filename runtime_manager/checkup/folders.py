"""The folders and files of a home: who may write them, and whether what is in them can be read."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runtime_manager.checkup.rows import Row, bad, counted, note, ok, warn
from runtime_manager.errors import DaemonError, InputError, RegistryError, SettingsError
from runtime_manager.model.home import Home
from runtime_manager.model.provider import Provider
from runtime_manager.model.registry import Registry, parse_registry
from runtime_manager.model.settings import Settings, load_settings
from runtime_manager.packages.discovery import Scan, scan

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_ANY_OTHER = stat.S_IRWXG | stat.S_IRWXO
_LITTLE_BYTES = 512 * 1024**2
_NOTHING_BYTES = 16 * 1024**2
_FEW_FILES = 1000


@dataclass(frozen=True, slots=True)
class Files:
    """What the files of a home say; defaults stand for what cannot be read."""

    settings: Settings
    providers: tuple[Provider, ...]
    rows: tuple[Row, ...]


def home_rows(home: Home) -> Iterator[Row]:
    """Whether the folders can be used, and by whom else."""
    if not home.root.exists():
        parent = _nearest(home.root)
        if os.access(parent, os.W_OK):
            yield note("home", f"{home.root} is not there yet; rtm serve makes it")
        else:
            hint = "choose another home with --home, or CORE_HOME"
            yield bad("home", f"{home.root} is not there, and cannot be made in {parent}", hint)
        return
    yield _folder("home", home.root)
    if home.run.exists():
        yield _private("run", home.run)
    if home.sockets != home.run and home.sockets.exists():
        yield _private("sockets", home.sockets)
    if home.token.exists():
        yield _private("token", home.token)


def _folder(name: str, folder: Path) -> Row:
    found = folder.stat()
    mine = [one for one in (folder, folder / "providers") if one.exists()]
    if closed := [one for one in mine if not os.access(one, os.W_OK | os.X_OK)]:
        return bad(name, f"{closed[0]} cannot be written", f"mend it: chmod u+rwx {closed[0]}")
    if found.st_uid != os.getuid():
        hint = f"run it as that user, or chown -R {os.getuid()} {folder}"
        return warn(name, f"{folder} belongs to user {found.st_uid}, not to you", hint)
    if wide := [one for one in mine if one.stat().st_mode & _OTHERS_WRITE]:
        text = f"others may write {wide[0]}, and so have programs run as you"
        return bad(name, text, f"chmod go-w {wide[0]}")
    return ok(name, f"{folder}, which only you may write")


def _private(name: str, path: Path) -> Row:
    found = path.stat()
    if found.st_uid != os.getuid():
        return bad(name, f"{path} belongs to user {found.st_uid}", "remove it, or ask that user to")
    if found.st_mode & _ANY_OTHER:
        text = f"{path} is open to others ({stat.filemode(found.st_mode)})"
        return bad(name, text, f"chmod go= {path}")
    return ok(name, f"{path}, yours alone")


def read(home: Home, environ: Mapping[str, str]) -> Files:
    """Read settings, registry and manifests as a daemon would at its start; changes nothing."""
    rows: list[Row] = []
    settings, registry = Settings(), Registry()
    try:
        text = _content(home.config, error=SettingsError)
        settings = load_settings(text=text, file=str(home.config), environ=environ, flags={})
        rows.append(ok("config", str(home.config) if text is not None else "all as by default"))
    except InputError as error:
        rows.append(bad("config", error.message, error.hint or "rtm config --check tells all"))
    try:
        text = _content(home.registry, error=RegistryError)
        registry = parse_registry(text or b"", file=str(home.registry))
        rows.append(ok("registry", str(home.registry) if text is not None else "none is needed"))
    except InputError as error:
        rows.append(bad("registry", error.message, error.hint or "rtm config --check tells all"))
    try:
        found = scan(home, registry, settings.providers)
    except DaemonError as error:
        rows.append(bad("manifests", error.message, error.hint))
        return Files(settings, (), tuple(rows))
    rows.append(_manifests(found))
    rows += _overrides(settings, found)
    return Files(settings, found.providers, tuple(rows))


def _content(path: Path, *, error: type[InputError]) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise error(f"{path} cannot be read: {exc.strerror}", file=str(path)) from exc


def _manifests(found: Scan) -> Row:
    codes = [one.code for one in found.invalid]
    if codes:
        text = f"{counted(len(codes), 'package')} cannot be used: {', '.join(codes)}"
        return warn("manifests", text, f"rtm why {codes[0]}")
    return ok("manifests", f"{counted(len(found.providers), 'provider')}, all valid")


def _overrides(settings: Settings, found: Scan) -> Iterator[Row]:
    codes = {one.code for one in found.providers} | {one.code for one in found.invalid}
    if unknown := sorted(set(settings.providers) - codes):
        text = f"config.yaml has settings for {', '.join(unknown)}, which is not there"
        yield warn("overrides", text, "correct the code, or take them out")


def space_rows(home: Home, temporary: Path) -> Iterator[Row]:
    """Whether there is room for logs, data and sockets."""
    places = {"disk": _nearest(home.root), "temp": temporary}
    for name, folder in places.items():
        yield _space(name, folder)


def _space(name: str, folder: Path) -> Row:
    try:
        free, files = shutil.disk_usage(folder).free, os.statvfs(folder)
    except OSError as exc:
        return bad(name, f"{folder}: {exc.strerror}", "make it, or choose another by TMPDIR")
    told = f"{folder} has {free / 1024**2:,.0f} MiB free"
    hint = "make room: df -h, and rtm's own logs are below logs/"
    if not os.access(folder, os.W_OK):
        return bad(name, f"{folder} cannot be written", "mend its permissions")
    if free < _NOTHING_BYTES:
        return bad(name, told, hint)
    if files.f_files and files.f_favail < _FEW_FILES:
        return warn(name, f"{folder} has room for {files.f_favail} more files", "df -i")
    return warn(name, told, hint) if free < _LITTLE_BYTES else ok(name, told)


def _nearest(path: Path) -> Path:
    """The path itself, or what is nearest above it."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
