from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from runtime_manager.model.home import Home
from runtime_manager.model.launch import (
    LaunchFacts,
    LaunchPlan,
    appends_args,
    launch_plan,
    marker,
)
from runtime_manager.model.manifest import Manifest
from runtime_manager.model.provider import Provider

Parse = Callable[[str], Manifest]
HOME = Home(Path("/nowhere/home"))
PORT = {"host": "127.0.0.1", "port": "9901"}


def plan(
    manifest: Manifest,
    *,
    place: Mapping[str, str] = PORT,
    environ: Mapping[str, str] | None = None,
    notify_socket: Path | None = None,
    settings: Mapping[str, str] | None = None,
    credentials: Path | None = None,
) -> LaunchPlan:
    provider = Provider(manifest, Path("/pkg/cool"), Path("/pkg/cool/manifest.yaml"))
    facts = LaunchFacts(
        program=Path("/pkg/cool/cool"),
        home=HOME,
        home_id=HOME.home_id,
        generation=7,
        place=place,
        base_url="http://127.0.0.1:9880/",
        environ=environ or {"PATH": "/bin", "SECRET": "s", "NOTIFY_SOCKET": "/run/systemd/notify"},
        notify_socket=notify_socket,
        settings=settings or {},
        credentials=credentials,
    )
    return launch_plan(provider, facts)


def test_a_program_that_is_told_nothing_gets_namespace_and_port(parse: Parse) -> None:
    made = plan(parse("args: [serve]"))
    assert made.argv == (
        "/pkg/cool/cool",
        "serve",
        "--namespace",
        "/api/v1/cool",
        "--port",
        "9901",
    )
    assert made.cwd == Path("/pkg/cool")


def test_placeholders_are_filled_in(parse: Parse) -> None:
    args = (
        "['{host}:{port}', '{namespace}', '{base_url}', '{data_dir}', '{provider_dir}', '{code}']"
    )
    assert plan(parse(f"args: {args}")).argv[1:] == (
        "127.0.0.1:9901",
        "/api/v1/cool",
        "http://127.0.0.1:9880/api/v1/cool",
        "/nowhere/home/data/cool",
        "/pkg/cool",
        "cool",
    )


@pytest.mark.parametrize(
    ("lines", "is_appended"),
    [
        ("", True),
        ("args: ['{code}']", True),
        ("args: ['{port}']", False),
        ("args: ['--url=http://{host}:{port}/']", False),
        ("args: ['{{port}}']", True),
        ("env: {P: '{port}'}", True),
        ("append_args: false", False),
        ("args: ['{port}']\nappend_args: true", True),
        ("listen: fd", False),
        ("listen: fd\nargs: ['{fd}']", False),
        ("listen: unix\nargs: ['{socket}']", False),
        ("listen: report", False),
    ],
)
def test_namespace_and_port_are_appended_only_where_nothing_else_tells(
    parse: Parse, lines: str, is_appended: bool
) -> None:
    assert appends_args(parse(lines)) is is_appended


def test_the_environment_is_what_was_promised_and_nothing_else(parse: Parse) -> None:
    assert plan(parse("")).env == {
        "PATH": "/bin",
        "HOST": "127.0.0.1",
        "PORT": "9901",
        "PROVIDER_CODE": "cool",
        "PROVIDER_NAMESPACE": "/api/v1/cool",
        "PROVIDER_BASE_URL": "http://127.0.0.1:9880/api/v1/cool",
        "PROVIDER_DATA_DIR": "/nowhere/home/data/cool",
        "PROVIDER_GENERATION": "7",
        "RTM_INSTANCE": f"{HOME.home_id}/cool/7",
    }


def test_the_manifest_s_variables_win_over_those_passed_on(parse: Parse) -> None:
    manifest = parse("env: {PATH: '{provider_dir}/bin', PORT: '1{port}'}\nenv_pass: [SECRET]")
    env = plan(manifest).env
    assert (env["PATH"], env["PORT"], env["SECRET"]) == ("/pkg/cool/bin", "19901", "s")


def test_the_notification_socket_is_ours_never_the_daemon_s(parse: Parse) -> None:
    assert "NOTIFY_SOCKET" not in plan(parse("env_pass: ['NOTIFY*']")).env
    ours = plan(parse(""), notify_socket=Path("/run/n.sock"))
    assert ours.env["NOTIFY_SOCKET"] == "/run/n.sock"


def test_a_unix_socket_has_no_port(parse: Parse) -> None:
    made = plan(parse("listen: unix\nargs: ['{socket}']"), place={"socket": "/run/c.sock"})
    assert made.argv == ("/pkg/cool/cool", "/run/c.sock")
    assert not {"PORT", "HOST", "LISTEN_FDNAMES"} & set(made.env)


def test_an_inherited_socket_has_its_provider_s_name(parse: Parse) -> None:
    made = plan(parse("listen: fd\nargs: ['{fd}']"), place={**PORT, "fd": "3"})
    assert made.argv[1] == "3"
    assert made.env["LISTEN_FDNAMES"] == "cool"


def test_the_marker_tells_home_code_and_generation() -> None:
    assert marker("abc", "cool", 3) == "abc/cool/3"


def test_settings_are_variables_and_secrets_a_folder(parse: Parse) -> None:
    made = plan(
        parse(""),
        settings={"api_url": "https://example.org"},
        credentials=Path("/home/settings/cool.secrets"),
        environ={"CREDENTIALS_DIRECTORY": "/run/credentials/rtm.service"},
    )
    assert made.env["PROVIDER_SETTING_API_URL"] == "https://example.org"
    assert made.env["CREDENTIALS_DIRECTORY"] == "/home/settings/cool.secrets"
    assert "CREDENTIALS_DIRECTORY" not in plan(parse("")).env
