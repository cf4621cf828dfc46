"""openapi.json against the program: the same operations, and answers as it says."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from providers.process.process_provider.api import Api
from providers.process.process_provider.orders import SIGNALS
from providers.process.process_provider.settings import Settings
from providers.process.process_provider.table import Table
from tests.component.process_provider.conftest import PACKAGE, Answer, Provider

SPEC: dict[str, Any] = json.loads((PACKAGE / "openapi.json").read_text())
SCHEMAS = SPEC["components"]["schemas"]
MANIFEST = yaml.safe_load((PACKAGE / "manifest.yaml").read_text())


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, item in SPEC["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def check(value: object, schema: dict[str, Any]) -> None:
    """Hold a value to the part of JSON Schema that the file uses."""
    if "$ref" in schema:
        check(value, SCHEMAS[schema["$ref"].rpartition("/")[2]])
        return
    if "const" in schema or "enum" in schema:
        assert value in schema.get("enum", [schema.get("const")])
        return
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer"}
    assert kinds.get(type(value), "null") in types, (value, schema)
    if isinstance(value, dict) and "properties" in schema:
        assert set(schema.get("required", ())) <= value.keys() <= schema["properties"].keys()
        for key, part in value.items():
            check(part, schema["properties"][key])
    if isinstance(value, list):
        for part in value:
            check(part, schema["items"])


def hold(answer: Answer, method: str, path: str) -> Answer:
    """Hold an answer to what the file says of its operation."""
    response = operations()[method, path]["responses"][str(answer.status)]
    content = response["content"][answer.headers["content-type"]]
    check(answer.json, content["schema"])
    return answer


def test_the_program_serves_the_file(provider: Provider) -> None:
    assert provider.get("/openapi.json").json == SPEC
    assert MANIFEST["spec"] == "openapi.json"


def test_file_and_program_have_the_same_operations() -> None:
    settings = Settings(PACKAGE, max_running=1, max_ended=1, max_lines=1)
    api = Api(Table(settings, env={}))
    assert operations().keys() == {(route.method, route.path) for route in api.routes}


def test_the_file_leads_nowhere_unknown_and_names_each_operation_once() -> None:
    used = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(SPEC)))
    assert used == set(SCHEMAS)
    names = [operation["operationId"] for operation in operations().values()]
    assert len(set(names)) == len(names)
    assert SPEC["openapi"].startswith("3.1.")
    assert SPEC["info"]["version"] == MANIFEST["version"]
    assert SCHEMAS["SendSignal"]["properties"]["signal"]["enum"] == [f"SIG{n}" for n in SIGNALS]


def test_answers_are_as_the_file_says(provider: Provider) -> None:
    body = {"command": "cat"}
    started = hold(provider.post("/processes", body), "POST", "/processes").json
    own = f"/processes/{started['id']}"
    provider.post(f"{own}/input", {"input": "a line\n"})
    for deed, sent in (
        ("input", {"input": "x\n"}),
        ("signal", {"signal": "CONT"}),
        ("close-stdin", {}),
        ("kill", {}),
    ):
        hold(provider.post(f"{own}/{deed}", sent), "POST", f"/processes/{{id}}/{deed}")
    provider.follow(started)
    for path in ("/health", "/openapi.json", "/processes"):
        hold(provider.get(path), "GET", path)
    hold(provider.get(own), "GET", "/processes/{id}")
    hold(provider.get(f"{own}/output"), "GET", "/processes/{id}/output")
    hold(provider.post(f"{own}/kill"), "POST", "/processes/{id}/kill")  # 409
    hold(provider.post(f"{own}/signal", {}), "POST", "/processes/{id}/signal")  # 422
    hold(provider.post(f"{own}/remove"), "POST", "/processes/{id}/remove")
    hold(provider.get(own), "GET", "/processes/{id}")  # 404
    hold(provider.post("/processes", {}), "POST", "/processes")  # 422
    hold(provider.get("/processes?runningOnly=x"), "GET", "/processes")


def test_events_carry_what_the_file_says(provider: Provider) -> None:
    with provider.events("/events") as events:
        check(next(events).data, {"$ref": "#/ProcessList"})
        started = provider.shell("echo a line")
        *lines, end = provider.follow(started)
        for line in lines:
            check(line.data, {"$ref": "#/Line"})
        check(end.data, {"$ref": "#/Process"})
        told = [next(events) for _ in range(2)]
    for event in told:
        check(event.data, {"$ref": "#/Process"})
    assert {event.name for event in (*told, *lines)} <= set(MANIFEST["channels"])


def test_the_page_and_everything_it_loads_are_served(provider: Provider) -> None:
    page = provider.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    loaded = set(re.findall(r'(?:src|href)="([^"]+)"', page.body.decode()))
    assert MANIFEST["element"]["source"] in loaded
    for path in loaded | {f"assets/{file.name}" for file in (PACKAGE / "assets").iterdir()}:
        assert not path.startswith("/")  # any prefix will do
        answer = provider.get(f"/{path}")
        assert answer.status == 200
        for imported in re.findall(r'from "\./([^"]+)"', answer.body.decode()):
            assert (PACKAGE / "assets" / imported).is_file()


def test_what_commands_say_can_only_become_text() -> None:
    for file in (PACKAGE / "assets").glob("*.js"):
        script = file.read_text()
        for never in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert never not in script, file
        assert not re.findall(r"https?://", script), file
