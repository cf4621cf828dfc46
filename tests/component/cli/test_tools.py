"""Verbs that need no daemon: completion, and serve up to the daemon's door."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.component.cli.canned import Rtm


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_know_every_verb(shell: str, rtm: Rtm) -> None:
    said = rtm("completion", shell)
    assert (said.code, said.err) == (0, "")
    assert all(verb in said.out for verb in ("serve", "restart", "--timeout", "completion"))


def test_completion_in_bash_is_a_script_bash_reads(rtm: Rtm) -> None:
    script = rtm("completion", "bash").out
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_completion_for_an_unknown_shell_is_wrong_usage(rtm: Rtm) -> None:
    assert rtm("completion", "elvish").code == 2


def test_completion_without_shtab_tells_how_to_get_it(environ: dict[str, str]) -> None:
    script = (
        "import sys; sys.modules['shtab'] = None; "  # the import system's way to say: absent
        "from runtime_manager.cli.main import main; sys.exit(main(['completion', 'bash']))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    assert done.returncode == 1
    assert "hint: pip install 'runtime-manager[completion]'" in done.stderr
