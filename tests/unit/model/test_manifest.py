import json
import signal
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.errors import ManifestError
from runtime_manager.model.manifest import (
    Health,
    HostHeader,
    Limits,
    Listen,
    Manifest,
    ProbeKind,
    Restart,
    RestartPolicy,
    Start,
    StatusRange,
    Stop,
    manifest_schema,
    parse_manifest,
)

Parse = Callable[[str], Manifest]
Refusal = Callable[[str], ManifestError]

CORE_IDE = """
code: weather-map
name: Weather Map
version: 2.0
author: Somebody
licence: EUPL-1.2
namespace: /api/v1/weather-map
port: 0
binary: ./weather-map
args: [--depth, 08, --fast]
element:
  tag: core-weather-map
  source: ./assets/core-weather-map.js
layout: HCF
slots: {H: bar, C: map}
spec: ./openapi.json
modules: [maps]
permissions:
  network: [api.example.com]
  read: [~/maps]
daemons:
  tiles: {binary: ./tiles, args: [serve], health: /health, default: true}
build: {targets: [linux/amd64], sha256: 0123}
sign: c2lnbmF0dXJl
sign_key: a2V5
"""


def test_a_package_of_core_ide_loads_unchanged() -> None:
    manifest = parse_manifest(CORE_IDE, file="m", dir_name="weather-map")
    assert manifest.version == "2.0"
    assert manifest.namespace == "/api/v1/weather-map"
    assert manifest.args == ("--depth", "08", "--fast")
    assert manifest.element is not None
    assert manifest.element.source == "assets/core-weather-map.js"
    assert manifest.spec == "openapi.json"
    assert manifest.slots == {"H": "bar", "C": "map"}
    assert manifest.permissions["network"] == ["api.example.com"]
    assert manifest.daemons["tiles"]["default"] is True
    assert manifest.build == {"targets": ["linux/amd64"], "sha256": "0123"}
    assert (manifest.sign, manifest.sign_key) == ("c2lnbmF0dXJl", "a2V5")


def test_the_least_manifest_has_every_default(parse: Parse) -> None:
    manifest = parse("")
    assert manifest == Manifest(code="cool", binary="cool")
    assert (manifest.name, manifest.version) == ("cool", "0.0.0")
    assert manifest.namespace == "/api/v1/cool"
    assert (manifest.listen, manifest.port) == (Listen.PORT, 0)
    assert (manifest.args, manifest.append_args) == ((), None)
    assert (manifest.env, manifest.env_pass) == ({}, ())
    assert manifest.strip_prefix
    assert manifest.host_header is HostHeader.PASS
    assert manifest.start is Start.AUTO
    assert manifest.idle_timeout_s is None
    assert manifest.depends_on == ()
    assert manifest.element is manifest.spec is manifest.channels is None
    assert not manifest.public
    assert manifest.health == Health(
        kind=ProbeKind.HTTP,
        path="/health",
        interval_s=5.0,
        timeout_s=2.0,
        start_timeout_s=10.0,
        failure_threshold=3,
        unhealthy_timeout_s=30.0,
        headers={},
        expect=StatusRange(((200, 399),)),
    )
    assert manifest.restart == Restart(
        policy=RestartPolicy.ON_FAILURE,
        delay_s=0.5,
        max_delay_s=30.0,
        max_failures=5,
        settle_s=60.0,
    )
    assert manifest.stop == Stop(signal=signal.SIGTERM, grace_s=5.0, drain_s=5.0, close_stdin=False)
    assert manifest.limits == Limits(memory_bytes=None, open_files=None, processes=None, cpu=None)


def test_every_block_is_read(parse: Parse) -> None:
    manifest = parse(
        """
listen: fd
append_args: false
args: ["{fd}", "{port}", "{host}"]
env: {DEBUG: 1, FLAG: on, DATA: "{data_dir}/x"}
env_pass: [CUDA_*, API_KEY]
strip_prefix: false
host_header: endpoint
platforms: {linux-x86_64: {binary: bin/cool}}
health:
  path: /-/ok?x=1
  interval: 500ms
  start_timeout: 1m
  headers: {X-Probe: yes, x-token: 12}
  expect: 200,204,301-399
start: on-demand
idle_timeout: 10m
restart: {policy: always, delay: 0, max: 0, settle: 1}
stop: {signal: int, grace: 1.5}
depends_on: [other]
limits: {memory: 1GiB, open_files: 100, processes: 10, cpu: 0.5}
channels: [news]
spec: http:/openapi.json
public: true
"""
    )
    assert manifest.env == {"DEBUG": "1", "FLAG": "on", "DATA": "{data_dir}/x"}
    assert manifest.env_pass == ("CUDA_*", "API_KEY")
    assert manifest.platforms["linux-x86_64"].binary == "bin/cool"
    assert manifest.health.headers == {"X-Probe": "yes", "x-token": "12"}
    assert str(manifest.health.expect) == "200,204,301-399"
    assert manifest.health.start_timeout_s == 60.0
    assert manifest.idle_timeout_s == 600.0
    assert manifest.restart.max_failures == 0
    assert (manifest.stop.signal, manifest.stop.grace_s) == (signal.SIGINT, 1.5)
    assert manifest.limits == Limits(memory_bytes=2**30, open_files=100, processes=10, cpu=0.5)
    assert manifest.channels == ("news",)
    assert manifest.spec == "http:/openapi.json"
    assert manifest.public


def test_closing_standard_input_can_be_the_way_to_ask(parse: Parse) -> None:
    assert parse("stop: {close_stdin: true}").stop.close_stdin


def test_status_ranges_accept_what_they_hold() -> None:
    expect = StatusRange(((200, 299), (404, 404)))
    assert expect.accepts(200)
    assert expect.accepts(404)
    assert not expect.accepts(300)


def test_a_key_without_value_counts_as_absent(parse: Parse) -> None:
    assert parse("args:\nelement:\nhealth: ~\nversion:\n") == parse("")


def test_keys_with_x_are_free_at_every_level(parse: Parse) -> None:
    manifest = parse("x-team: a\nhealth: {x-why: [b]}\nplatforms: {a-b: {binary: b, x-c: 1}}\n")
    assert manifest.health == Health()


def test_a_manifest_is_frozen(parse: Parse) -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse("").port = 1  # type: ignore[misc]


def test_a_missing_code_is_told_with_the_folder_s_name() -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest("binary: x", file="m", dir_name="cool")
    assert caught.value.message == "m:1: code: it is missing"
    assert caught.value.hint == "code: cool"
    assert "code" not in caught.value.facts
    with pytest.raises(ManifestError) as caught:
        parse_manifest("binary: x", file="m", dir_name="Not A Code")
    assert caught.value.hint == ""


def test_an_error_has_file_line_key_and_all_the_others(refusal: Refusal) -> None:
    error = refusal("health:\n  path: nope\nport: x\n")
    assert error.message == (
        "cool/manifest.yaml:4: health.path: expected a path such as /health, with %-escapes for "
        "other characters; and 1 more"
    )
    assert error.facts["line"] == 4
    assert error.facts["key"] == "health.path"
    assert error.facts["code"] == "cool"
    assert len(error.facts["problems"]) == 2  # type: ignore[arg-type]
    assert "cool/manifest.yaml:5: port: expected a whole number" in str(error.facts["problems"])


@pytest.mark.parametrize(
    ("line", "key", "hint"),
    [
        ("naem: x", "naem", "did you mean `name`?"),
        ("health: {intervall: 5}", "health.intervall", "did you mean `interval`?"),
        ("health: {interval_s: 5}", "health.interval_s", "did you mean `interval`?"),
        ("max_failures: 1", "max_failures", ""),
        ("limits: {memroy: 5}", "limits.memroy", "did you mean `memory`?"),
        ("element: {tag: a-b, source: a.js, sauce: b}", "element.sauce", "did you mean `source`?"),
        (
            "platforms: {linux-x86_64: {binary: x, binry: x}}",
            "platforms.linux-x86_64.binry",
            "did you mean `binary`?",
        ),
        ("qqq: 1", "qqq", ""),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest_one(
    refusal: Refusal, line: str, key: str, hint: str
) -> None:
    error = refusal(line)
    assert error.facts["key"] == key
    assert error.facts["line"] == 3
    assert error.hint == hint
    assert "there is no such key" in error.message


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        ("port: '8080'", "port", "expected a whole number, not a text"),
        ("port: 65536", "port", "expected at most 65535"),
        ("port: -1", "port", "expected at least 0"),
        ("port: true", "port", "expected a whole number, not true or false"),
        ("port: " + "9" * 5000, "port", "expected"),
        ("public: 1", "public", "expected true or false, not a number"),
        ("args: x", "args", "expected a list, not a text"),
        ("args: [[x]]", "args.0", "expected a text, not a list"),
        ("args: [~]", "args.0", "expected a text, not nothing"),
        ('args: ["a\\0b"]', "args.0", "without NUL"),
        ("env: {A: ~}", "env.A", "expected a text, not nothing"),
        ("env: {A-B: x}", "env", "`A-B` cannot be the name of a variable"),
        ("env_pass: ['*']", "env_pass", "expected names of variables"),
        ("listen: prot", "listen", "expected 'port', 'unix', 'fd' or 'report'"),
        ("start: ondemand", "start", "expected 'auto', 'on-demand' or 'manual'"),
        ("health: 5", "health", "expected keys and values, not a number"),
        ("health: {kind: [http]}", "health.kind", "expected 'http', 'tcp' or 'none'"),
        ("health: {timeout: 0}", "health.timeout", "more than 0"),
        ("health: {interval: soon}", "health.interval", "expected a duration such as"),
        ("health: {failure_threshold: 0}", "health.failure_threshold", "at least 1"),
        ("health: {expect: ok}", "health.expect", "status codes such as 200"),
        ("health: {expect: [200]}", "health.expect", "status codes such as 200"),
        ("health: {expect: true}", "health.expect", "status codes such as 200"),
        ("health: {expect: 399-200}", "health.expect", "the lower one first"),
        ("health: {expect: 99}", "health.expect", "status codes such as 200"),
        ("health: {path: /a#b}", "health.path", "expected a path"),
        ("health: {path: '/a b'}", "health.path", "expected a path"),
        ("health: {headers: {'a b': x}}", "health.headers", "cannot be the name"),
        ("health: {headers: {Content-Length: 5}}", "health.headers", "cannot be the name"),
        ('health: {headers: {a: "x\\r\\ny: z"}}', "health.headers", "cannot be sent"),
        ("restart: {delay: 1m}", "restart", "`delay` is longer than `max_delay`"),
        ("restart: {max: many}", "restart.max", "expected a whole number"),
        ("stop: {signal: SIGNOPE}", "stop.signal", "name of a signal"),
        ("stop: {signal: SIGSTOP}", "stop.signal", "name of a signal"),
        ("stop: {signal: 15}", "stop.signal", "name of a signal"),
        ("limits: {memory: 0}", "limits.memory", "at least 1"),
        ("limits: {memory: lots}", "limits.memory", "expected a size such as"),
        ("limits: {cpu: 0}", "limits.cpu", "expected more than 0"),
        ("limits: {cpu: half}", "limits.cpu", "expected a number, not a text"),
        ("limits: {cpu: .inf}", "limits.cpu", "expected"),
        ("version: one", "version", "expected a version such as 1.2.3"),
        ("namespace: providers", "namespace", "the daemon's own"),
        ("namespace: {a: b}", "namespace", "expected a text, not keys and values"),
        ("element: {tag: cool, source: a.js}", "element.tag", "custom element"),
        ("element: {tag: a-b}", "element.source", "it is missing"),
        ("element: {tag: a-b, source: /a.js}", "element.source", "inside the package"),
        ("element: {tag: a-b, source: ../a.js}", "element.source", "inside the package"),
        ("element: {tag: a-b, source: a/../../b}", "element.source", "inside the package"),
        ("element: {tag: a-b, source: ''}", "element.source", "inside the package"),
        ("element: {tag: a-b, source: .}", "element.source", "inside the package"),
        ("spec: /etc/passwd", "spec", "inside the package"),
        ("spec: ../x.json", "spec", "inside the package"),
        ("spec: http://elsewhere/x.json", "spec", "http:/openapi.json for a path"),
        ("platforms: {Linux: {binary: x}}", "platforms", "no platform"),
        ("platforms: {linux-x86_64: {}}", "platforms.linux-x86_64.binary", "it is missing"),
        ("platforms: {linux-x86_64: {binary: ''}}", "platforms.linux-x86_64.binary", "not empty"),
        ("depends_on: {a: b}", "depends_on", "expected a list, not keys and values"),
        ("slots: [a]", "slots", "expected keys and values, not a list"),
    ],
)
def test_a_wrong_value_is_told_in_plain_words(
    refusal: Refusal, line: str, key: str, says: str
) -> None:
    error = refusal(line)
    assert error.facts["key"] == key
    assert says in error.message
    for jargon in ("pydantic", "Input", "validat", "http://errors", "https://", "str_", "dict"):
        assert jargon not in error.message


def test_a_wrong_choice_is_told_with_the_nearest_one(refusal: Refusal) -> None:
    assert refusal("start: on-demnd").hint == "did you mean `on-demand`?"


def test_what_is_wrong_is_told_without_its_value(refusal: Refusal) -> None:
    assert "hunter2" not in str(refusal("env: {PASSWORD: [hunter2]}"))


@pytest.mark.parametrize("code", ["", "A", "-a", "a_b", "a" * 64, "a.b", "rtm", "a\n"])
def test_a_bad_code_is_refused(code: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(f"code: {json.dumps(code)}\nbinary: x", file="m", dir_name="d")
    assert caught.value.facts["key"] == "code"


def test_a_code_that_is_a_word_of_the_api_needs_a_namespace() -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest("code: events\nbinary: x", file="m", dir_name="d")
    assert caught.value.facts["key"] == "namespace"
    assert parse_manifest("code: events\nbinary: x\nnamespace: e", file="m", dir_name="d")


@pytest.mark.parametrize("version", ["1.10", "1", "v1.2.3", "1.2.3-beta.1+5", "2.0.0+a"])
def test_a_version_stays_the_text_it_is(parse: Parse, version: str) -> None:
    assert parse(f"version: {version}").version == version
    assert parse(f'version: "{version}"').version == version


def test_the_blocks_survive_a_dump(parse: Parse) -> None:
    manifest = parse("stop: {signal: SIGINT}\nhealth: {expect: 200}\nlimits: {memory: 1KiB}")
    dumped = manifest.model_dump(mode="json", by_alias=True)
    assert dumped["stop"]["signal"] == "SIGINT"
    assert Manifest.model_validate(dumped, by_name=False) == manifest


def test_the_parsed_values_are_taken_as_they_are() -> None:
    assert Health(expect=StatusRange(((200, 200),))).expect.accepts(200)
    assert Stop(signal=signal.SIGINT).signal is signal.SIGINT


def _descriptions(schema: dict[str, Any]) -> list[tuple[str, bool]]:
    blocks = [schema, *schema["$defs"].values()]
    return [
        (name, bool(field.get("description")))
        for block in blocks
        for name, field in block.get("properties", {}).items()
    ]


def test_the_schema_describes_every_key_by_its_written_name() -> None:
    schema = manifest_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["code"]
    described = _descriptions(schema)
    assert [name for name, is_described in described if not is_described] == []
    names = {name for name, _ in described}
    assert {"idle_timeout", "interval", "max", "memory", "grace"} <= names
    assert not [name for name in names if name.endswith(("_s", "_bytes"))]
    assert schema["additionalProperties"] is False
    assert "^x-" in schema["patternProperties"]
    json.dumps(schema)


@given(
    st.dictionaries(
        st.sampled_from([*Manifest.model_fields, "x-a", "idle_timeout", "zzz"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["kind", "path", "tag", "A", "max", "binary", "x-b"]),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=6,
        ),
        max_size=6,
    )
)
def test_whatever_the_values_there_is_a_manifest_or_an_error_with_its_key(
    data: dict[str, Any],
) -> None:
    try:
        manifest = parse_manifest(json.dumps(data), file="m", dir_name="d")
    except ManifestError as exc:
        error = exc
    else:
        assert manifest.namespace.startswith("/")
        return
    assert isinstance(error.facts["line"], int)
