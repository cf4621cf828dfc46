"""The one table of exit codes: what each means, and which error ends in which."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a call of `rtm` tells the shell. 124 and 130 are those of timeout(1) and SIGINT."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NO_DAEMON = 3
    UNKNOWN_CODE = 4
    BAD_CONFIGURATION = 78  # EX_CONFIG of sysexits(3)
    WAIT_TIMED_OUT = 124
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "failed, or not ready",
    ExitCode.USAGE: "wrong usage",
    ExitCode.NO_DAEMON: "no daemon runs",
    ExitCode.UNKNOWN_CODE: "no provider has this code",
    ExitCode.BAD_CONFIGURATION: "bad configuration",
    ExitCode.WAIT_TIMED_OUT: "the wait timed out",
    ExitCode.INTERRUPTED: "interrupted",
}

_BY_ERROR_CODE = {
    "usage": ExitCode.USAGE,
    "bad-request": ExitCode.USAGE,
    "bad-source": ExitCode.USAGE,
    "no-daemon": ExitCode.NO_DAEMON,
    "unknown-code": ExitCode.UNKNOWN_CODE,
    "bad-input": ExitCode.BAD_CONFIGURATION,
    "bad-manifest": ExitCode.BAD_CONFIGURATION,
    "bad-configuration": ExitCode.BAD_CONFIGURATION,
    "bad-registry": ExitCode.BAD_CONFIGURATION,
    "wait-timeout": ExitCode.WAIT_TIMED_OUT,
}


def exit_code_of(error_code: str) -> ExitCode:
    """The exit code of an error's kebab-case code; FAILED for one not in the table."""
    return _BY_ERROR_CODE.get(error_code, ExitCode.FAILED)
