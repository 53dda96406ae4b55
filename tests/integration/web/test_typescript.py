"""The types that pages and programs of others are checked against."""

from __future__ import annotations

from typing import Any

import pytest

from web import typescript
from web.schemas.camera_socket import INCOMING as CAMERA_INCOMING
from web.schemas.ocr_socket import OUTGOING as OCR_OUTGOING
from web.schemas.socket import INCOMING, OUTGOING


@pytest.fixture(scope="module")
def modules() -> dict[str, str]:
    return typescript.modules()


def test_the_committed_types_are_those_of_the_schemas(modules: dict[str, str]):
    for name, text in modules.items():
        is_current = (typescript.FOLDER / name).read_text("utf-8") == text
        assert is_current, f"{name} is out of date; run: python -m web.typescript"
    assert {path.name for path in typescript.FOLDER.iterdir()} == set(modules)


def test_every_event_has_its_type(modules: dict[str, str]):
    text = modules["sockets.ts"]
    for name in (*INCOMING, *CAMERA_INCOMING):
        assert f"  {name}: {{ data: " in text
    for name in (*OUTGOING, *OCR_OUTGOING):
        assert f"  {name}: " in text


def test_a_call_says_what_must_be_given_and_what_may_be(modules: dict[str, str]):
    text = modules["rest.ts"]
    assert '"GET /api/tasks/{task_id}": { path: { task_id: number }; answer: TaskAnswer };' in text
    assert '"DELETE /api/tasks/{task_id}": { path: { task_id: number }; answer: undefined };' in text
    assert '"POST /api/dedup/tasks": { body: NewDedupTask; answer: TaskAnswer };' in text
    assert "form: { file: Blob" in text


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}, "(number | null)[]"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "Record<string, string>"),
        ({"type": "object", "properties": {"a-b": {"const": True}, "c": {}}}, '{ "a-b": true; c?: unknown }'),
        ({"enum": ["题", 1]}, '"题" | 1'),
        ({"type": ["string", "null"]}, "string | null"),
        ({"$ref": "#/components/schemas/Task"}, "Task"),
    ],
)
def test_a_schema_becomes_the_type_of_its_values(schema: dict[str, Any], expected: str):
    holder = {"type": "object", "properties": {"it": schema}, "required": ["it"]}
    text = typescript.rest({"components": {"schemas": {"Holder": holder}}, "paths": {}})
    assert f"  it: {expected};\n" in text
