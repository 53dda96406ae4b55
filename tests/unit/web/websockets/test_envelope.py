from __future__ import annotations

import time

import orjson
import pytest

from services.errors import InvalidInputError
from web.websockets.envelope import encode, parse


def test_a_message_is_its_type_data_and_id() -> None:
    envelope = parse('{"type": "ping", "data": {"a": [1]}, "id": "x", "timestamp": 5, "extra": true}')
    assert (envelope.type, envelope.data, envelope.id, envelope.timestamp) == ("ping", {"a": [1]}, "x", 5)


def test_an_answer_bears_a_time_and_an_id_only_where_there_is_one() -> None:
    answer = orjson.loads(encode("pong", {"a": "题"}, 0))
    assert abs(answer.pop("timestamp") - time.time()) < 5
    assert answer == {"type": "pong", "data": {"a": "题"}, "id": 0}
    assert "id" not in orjson.loads(encode("pong", {}))


def test_long_texts_are_welcome_and_many_values_are_not() -> None:
    assert parse('{"type": "ping", "data": {"image": "' + "A" * 5_000_000 + '"}}').type == "ping"
    with pytest.raises(InvalidInputError, match="at most 5,000 values"):
        parse('{"type": "ping", "data": {"a": [' + "[]," * 50_000 + "[]]}}")


def test_what_is_wrong_is_said_by_field() -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse('{"type": "ping", "data": 5, "id": 1.5}')
    assert {problem.field.partition(".")[0] for problem in caught.value.problems} == {"data", "id"}
