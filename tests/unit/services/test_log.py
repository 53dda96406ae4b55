import io
import json
import logging
import threading

import pytest

from services.log import configure_logging, log_context

logger = logging.getLogger("tests.log")


@pytest.fixture
def lines():
    """A stream that the root logger writes to; the handlers before are put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_json_line_carries_the_context_and_the_extras(lines):
    configure_logging("json", "info", lines)

    with log_context(request_id="r1", task_id=7):
        logging.getLogger("x").info("导入 %d rows", 5, extra={"bank": 1})

    line = json.loads(lines.getvalue())
    assert line["message"] == "导入 5 rows"
    assert (line["request_id"], line["task_id"], line["bank"]) == ("r1", 7, 1)
    assert (line["level"], line["logger"]) == ("info", "x")
    assert line["time"].endswith("+00:00")


def test_the_context_ends_with_its_block_and_nests(lines):
    configure_logging("json", "info", lines)

    with log_context(a=1):
        with log_context(b=2):
            logger.info("both")
        logger.info("one")
    logger.info("none")

    fields = [{key: line[key] for key in ("a", "b") if key in line} for line in map(json.loads, _split(lines))]
    assert fields == [{"a": 1, "b": 2}, {"a": 1}, {}]


def test_the_context_of_one_thread_is_not_another_s(lines):
    configure_logging("json", "info", lines)

    with log_context(task_id=1):
        thread = threading.Thread(target=logger.info, args=("elsewhere",))
        thread.start()
        thread.join()

    assert "task_id" not in json.loads(lines.getvalue())


def test_an_exception_stays_one_line_in_json(lines):
    configure_logging("json", "info", lines)

    try:
        int("boom")
    except ValueError:
        logger.exception("failed")

    assert len(_split(lines)) == 1
    assert "ValueError: invalid literal" in json.loads(lines.getvalue())["error"]


def test_auto_is_json_where_nobody_looks_and_text_on_a_terminal(lines):
    configure_logging("auto", "info", lines)
    logger.info("machine")
    terminal = _Terminal()
    configure_logging("auto", "info", terminal)
    with log_context(task_id=3):
        logger.warning("person")

    assert json.loads(lines.getvalue())["message"] == "machine"
    assert terminal.getvalue().endswith("tests.log  person  task_id=3\n")


def test_a_text_of_others_cannot_command_the_terminal_or_forge_a_line(lines):
    terminal = _Terminal()
    configure_logging("auto", "info", terminal)

    with log_context(task="导入\x1b[2J"):
        logger.info("%s", "a\nb\ud800")

    assert terminal.getvalue().endswith("tests.log  a\\nb\\ud800  task=导入\\x1b[2J\n")


def test_configuring_twice_does_not_double_the_lines_and_the_level_holds(lines):
    configure_logging("json", "debug", lines)
    configure_logging("json", "warning", lines)

    logger.info("quiet")
    logger.warning("loud")

    assert [json.loads(line)["message"] for line in _split(lines)] == ["loud"]


class _Terminal(io.StringIO):
    def isatty(self):
        return True


def _split(stream):
    return stream.getvalue().splitlines()
