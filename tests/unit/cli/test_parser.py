from __future__ import annotations

import pytest

from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.cli.failures import UsageError
from runtime_manager.cli.parser import build_parser, verb_named
from runtime_manager.cli.verbs import VERBS


@pytest.mark.parametrize(
    ("words", "verb"),
    [
        (["list"], "list"),
        (["--home", "list", "status"], "status"),
        (["--format", "json", "--home=x", "routes"], "routes"),
        (["--help"], None),
        ([], None),
    ],
)
def test_the_verb_is_the_first_word_that_is_no_option(words: list[str], verb: str | None) -> None:
    assert verb_named(words) == verb


def test_an_unknown_verb_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no verb 'lst'") as caught:
        verb_named(["lst"])
    assert caught.value.hint == "did you mean list?"


def test_a_verb_like_no_other_leads_to_the_help() -> None:
    with pytest.raises(UsageError) as caught:
        verb_named(["zzzzzz"])
    assert caught.value.hint == "rtm --help lists the verbs"


@pytest.mark.parametrize("words", [["--home", "h", "list"], ["list", "--home", "h"]])
def test_common_options_go_before_or_after_the_verb(words: list[str]) -> None:
    parsed = build_parser().parse_args(words)
    assert (parsed.verb, parsed.home, parsed.format) == ("list", "h", "text")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["list", "--state", "gone"], "invalid choice"),
        (["logs"], "CODE"),
        (["logs", "cool", "--tail", "-1"], "whole number|expected one argument"),
        (["wait", "cool", "--timeout", "soon"], "is not a duration"),
        (["list", "--form", "json"], "unrecognized arguments"),
        (["serve", "--parent-pid", "x"], "whole number"),
        (["events", "--once", "--follow"], "not allowed with"),
    ],
)
def test_a_command_line_that_is_wrong_is_a_usage_error(words: list[str], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as caught:
        build_parser().parse_args(words)
    assert "--help tells more" in caught.value.hint


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_teaches_by_purpose_examples_and_exit_codes(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        build_parser((verb,)).parse_args([verb, "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert VERBS[verb].purpose in told
    assert f"rtm {verb}" in told
    assert "exit codes: 0 done" in told


def test_every_example_is_a_command_line_that_parses() -> None:
    for verb in VERBS.values():
        for example in verb.examples:
            words = example.partition(" && ")[0].partition(" > ")[0].split()[1:]
            assert build_parser().parse_args(words).verb in VERBS


def test_the_overview_names_every_verb_and_exit_code() -> None:
    told = build_parser(()).format_help()
    assert all(f"  {verb} " in told for verb in VERBS)
    assert all(f"  {int(code)} " in told for code in ExitCode)
