import pytest

from runtime_manager.model.environment import is_kept_back, is_ours, named_well, passed_on

OF_SYSTEMD = """
NOTIFY_SOCKET LISTEN_FDS LISTEN_PID LISTEN_FDNAMES LISTEN_PIDFDID WATCHDOG_PID WATCHDOG_USEC
INVOCATION_ID JOURNAL_STREAM STATE_DIRECTORY RUNTIME_DIRECTORY LOGS_DIRECTORY CACHE_DIRECTORY
CONFIGURATION_DIRECTORY CREDENTIALS_DIRECTORY MAINPID MANAGERPID SYSTEMD_EXEC_PID
MEMORY_PRESSURE_WATCH MONITOR_UNIT TRIGGER_UNIT RTM_TOKEN RTM_INSTANCE
""".split()  # noqa: SIM905  # a list of words reads better


@pytest.mark.parametrize("name", OF_SYSTEMD)
def test_what_is_meant_for_the_daemon_is_never_passed_on(name: str) -> None:
    assert is_kept_back(name)
    assert passed_on({name: "x"}, [name, f"{name[:4]}*"]) == {}


def test_the_usual_variables_are_passed_on_and_no_others() -> None:
    environ = {
        "PATH": "/bin",
        "HOME": "/h",
        "LC_TIME": "C",
        "XDG_RUNTIME_DIR": "/run",
        "https_proxy": "p",
        "NO_PROXY": "n",
        "AWS_SECRET_ACCESS_KEY": "s",
        "LD_PRELOAD": "x",
        "LC": "x",
    }
    usual = {"PATH", "HOME", "LC_TIME", "XDG_RUNTIME_DIR", "https_proxy", "NO_PROXY"}
    assert set(passed_on(environ, ())) == usual


def test_further_names_are_passed_on_by_name_or_by_beginning() -> None:
    environ = {"CUDA_HOME": "1", "CUDA_PATH": "2", "API_KEY": "3", "API_KEY_2": "4"}
    assert set(passed_on(environ, ["CUDA_*", "API_KEY"])) == {"CUDA_HOME", "CUDA_PATH", "API_KEY"}


def test_a_program_s_own_variable_that_only_looks_alike_is_its_own() -> None:
    for name in ("LISTEN_ADDR", "MODEL_DIRECTORY", "PORT"):
        assert not is_kept_back(name)
        assert not is_ours(name)


def test_names_of_variables_are_those_a_shell_could_use() -> None:
    assert named_well({"_A1": ""}) == {"_A1": ""}
    for name in ("", "1A", "A B", "A=B", "Ä"):
        with pytest.raises(ValueError, match="name of a variable"):
            named_well({name: ""})
