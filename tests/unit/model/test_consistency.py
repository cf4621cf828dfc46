from collections.abc import Callable

import pytest

from runtime_manager.errors import ManifestError
from runtime_manager.model.consistency import leads_outside
from runtime_manager.model.manifest import Manifest, parse_manifest


@pytest.mark.parametrize(
    ("lines", "key", "says"),
    [
        ("listen: unix\nport: 80\nargs: ['{socket}']", "port", "cannot go with `listen: unix`"),
        ("listen: fd\nstop: {close_stdin: true}", "stop.close_stdin", "as standard input"),
        ("listen: report\nport: 80", "port", "cannot go with `listen: report`"),
        ("listen: fd\nhealth: {kind: tcp}", "health.kind", "the kernel accepts"),
        ("listen: fd\nappend_args: true", "append_args", "no port to append"),
        ("listen: unix", "listen", "{socket}"),
        ("idle_timeout: 5m", "idle_timeout", "start: on-demand"),
        ("start: manual\nidle_timeout: 5m", "idle_timeout", "start: on-demand"),
        ("args: ['--p={prot}']", "args.0", "{prot} is not known"),
        ("env: {A: '{socket}'}", "env.A", "no {socket} with `listen: port`"),
        ("args: ['{fd}']", "args.0", "no {fd} with `listen: port`"),
        ("listen: unix\nargs: ['{socket}', '{port}']", "args.1", "no {port} with `listen: unix`"),
        ("env: {NOTIFY_SOCKET: x}", "env.NOTIFY_SOCKET", "sets this variable"),
        ("env: {RTM_INSTANCE: x}", "env.RTM_INSTANCE", "sets this variable"),
        ("env_pass: [INVOCATION_ID]", "env_pass.0", "meant for the daemon alone"),
        ("env_pass: [RTM_TOKEN]", "env_pass.0", "meant for the daemon alone"),
        ("depends_on: [cool]", "depends_on.0", "cannot depend on itself"),
        ("platforms: {a-b: {binary: ../x}}", "platforms.a-b.binary", "inside the package"),
    ],
)
def test_what_cannot_be_true_at_once_is_told_at_its_key(
    refusal: Callable[[str], ManifestError], lines: str, key: str, says: str
) -> None:
    error = refusal(lines)
    assert error.facts["key"] == key
    assert says in error.message


@pytest.mark.parametrize(
    "lines",
    [
        "listen: unix\nargs: ['{socket}']",
        "listen: unix\nenv: {SOCK: '{socket}'}",
        "listen: fd\nport: 8080\nargs: ['{fd}', '{host}', '{port}']",
        "listen: report\nargs: ['{host}', '{port}']",
        "start: on-demand\nidle_timeout: 5m",
        "port: 8080\nappend_args: true\nargs: ['{port}']",
        "args: ['{namespace}', '{base_url}', '{data_dir}', '{provider_dir}', '{code}']",
        "args: ['${HOME}', '{{prot}}', '{\"a\": 1}']",
        "env: {PORT: '1', LISTEN_ADDR: x}\nenv_pass: [MODEL_DIRECTORY, LISTEN_ADDR]",
    ],
)
def test_what_goes_together_is_taken(parse: Callable[[str], Manifest], lines: str) -> None:
    assert parse(lines).code == "cool"


def test_an_unknown_placeholder_is_told_with_the_nearest_one(
    refusal: Callable[[str], ManifestError],
) -> None:
    assert refusal("args: ['{prot}']").hint == "did you mean `port`?"
    assert refusal("args: ['{qqq}']").hint == "for the text itself, write {{qqq}}"


def test_there_must_be_a_program() -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest("code: cool", file="m", dir_name="cool")
    assert caught.value.facts["key"] == "binary"
    only = "code: cool\nplatforms: {linux-x86_64: {binary: x}}"
    assert parse_manifest(only, file="m", dir_name="cool").binary is None


@pytest.mark.parametrize("program", ["../x", "a/../../x", "./../x", "a/b/../../../c"])
def test_a_program_may_not_climb_out(program: str) -> None:
    assert leads_outside(program)


@pytest.mark.parametrize("program", ["x", "./x", "a/../x", "a//b/../../c", "/usr/../bin/x", ""])
def test_a_program_inside_the_package_or_absolute_is_fine(program: str) -> None:
    assert not leads_outside(program)
