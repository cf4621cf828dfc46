"""All rows of a checkup, in the order in which a person reads them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from runtime_manager.checkup import folders, machine, running
from runtime_manager.checkup.rows import Row
from runtime_manager.client.whereabouts import read_whereabouts
from runtime_manager.model.home import Home
from runtime_manager.process.cgroup import find
from runtime_manager.process.tree import Marked


def checkup(home: Home) -> Iterator[Row]:
    """Look at everything once; changes nothing. Blocks for a second or so."""
    files = folders.read(home, os.environ)
    found = read_whereabouts(home)
    daemon = running.daemon_row(home, found)
    pid = found.pid if found is not None and found.is_process_alive() else None
    yield machine.program()
    yield from folders.home_rows(home)
    yield from files.rows
    yield from folders.space_rows(home, Path(tempfile.gettempdir()))
    yield daemon
    yield running.port_row(files.settings.listen, is_running=pid is not None)
    yield running.leftovers_row(running.leftovers(home, pid))
    yield from running.systemd_rows()
    connections = files.settings.gateway.max_connections
    yield machine.open_files(pid, connections=connections, providers=len(files.providers))
    yield machine.processes()
    yield machine.cgroup(files.providers, find(pid))
    yield from machine.inotify()
    yield machine.event_loop()
    yield machine.clock([home.config, home.registry, home.runtime_json, home.providers])


def alive_leftovers(home: Home) -> list[Marked]:
    """See running.leftovers; of the daemon that runs now nothing is among them."""
    found = read_whereabouts(home)
    pid = found.pid if found is not None and found.is_process_alive() else None
    return running.leftovers(home, pid)
