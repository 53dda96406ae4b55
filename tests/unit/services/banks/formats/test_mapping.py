from __future__ import annotations

from pathlib import Path

import pytest

from services.banks.formats import BadRow, Row, UnreadableFileError, check_mapping, detect, read, write
from services.banks.formats.mapping import Assignment, assign, checked_mapping
from services.errors import InvalidInputError, UnsupportedFormatError
from tests.unit.services.banks.formats.test_xlsx import sheet_of

MAPPING = {"Question text": "stem", "First": "A", "Second": "B", "Right": "answer", "Remarks": ""}
CSV = "Question text;First;Second;Right;Remarks\nSky?;blue;green;A;easy\n"
QUESTION = {"stem": "Sky?", "options": ["blue", "green"], "answer": "A"}


def rows(path: Path, file_format: str, content: bytes | str, mapping: dict[str, str]) -> list[Row | BadRow]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [
        item for item in read(path, file_format, mapping=checked_mapping(mapping)) if isinstance(item, Row | BadRow)
    ]


@pytest.mark.parametrize(
    ("file_format", "content"),
    [
        ("csv", CSV),
        ("csv", CSV.replace(";", "\t")),
        (
            "jsonl",
            '{"Question text": "Sky?", "First": "blue", "Second": "green", "Right": "A", "Remarks": "easy"}',
        ),
        (
            "json",
            '[{"Remarks": {"level": 1}, "Question text": "Sky?", "First": "blue", "Second": "green", "Right": "A"}]',
        ),
        (
            "xlsx",
            sheet_of(
                ["Questions of ours"],
                ["Question text", "First", "Second", "Right", "Remarks"],
                ["Sky?", "blue", "green", "A", "easy"],
            ),
        ),
    ],
    ids=["semicolons", "tabs", "json lines", "json", "a workbook with a title"],
)
def test_columns_of_any_name_are_read_as_the_mapping_says(
    tmp_path: Path, file_format: str, content: bytes | str
) -> None:
    [row] = rows(tmp_path / "file", file_format, content, MAPPING)
    assert isinstance(row, Row)
    assert (row.fields, row.notes) == (QUESTION, ())


def test_columns_that_the_mapping_does_not_name_go_by_their_own_names() -> None:
    assert assign(["Q", "答案", "难度"], {"Q": "stem"}) == Assignment({"stem": 0, "answer": 1}, ("难度",))


def test_what_the_mapping_says_goes_before_a_name_and_an_ignored_column_is_not_spoken_of() -> None:
    assigned = assign(["题干", "full text", "答案"], {"full text": "stem", "答案": ""})
    assert assigned == Assignment({"stem": 1}, ("题干",))


def test_a_mapping_finds_headers_with_blanks_line_breaks_and_a_byte_order_mark(tmp_path: Path) -> None:
    content = '\ufeff" Question\ntext ",Right\nSky?,A\n'
    [row] = rows(tmp_path / "file", "csv", content, {"Question text": "stem", "Right": "answer"})
    assert isinstance(row, Row)
    assert row.fields == {"stem": "Sky?", "answer": "A"}


def test_a_mapping_makes_a_table_of_what_was_none(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(CSV, encoding="utf-8")
    assert detect(path, "x", MAPPING) == "csv"
    assert detect(path, "x", any_columns=True) == "csv"
    with pytest.raises(UnsupportedFormatError):
        detect(path, "x")
    with pytest.raises(UnreadableFileError, match="first row must name"):
        list(read(path, "csv"))


def test_a_text_is_no_table_because_it_has_commas(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("Dear all,\nthis is, as you see, a letter.\n", encoding="utf-8")
    with pytest.raises(UnsupportedFormatError):
        detect(path, "letter.txt", any_columns=True)
    assert detect(path, "letter.csv", any_columns=True) == "csv"


def test_an_export_is_read_under_any_mapping_of_other_columns(tmp_path: Path) -> None:
    exported = b"".join(write("csv", [{**QUESTION, "channel_code": "default"}]))
    [row] = rows(tmp_path / "file", "csv", exported, {"Question text": "stem"})
    assert isinstance(row, Row)
    assert row.fields["stem"] == "Sky?"


@pytest.mark.parametrize(
    ("mapping", "file_format", "field"),
    [
        ({"a": "colour"}, "csv", "mapping.a"),
        ({"a": "a"}, "csv", "mapping.a"),
        ({str(number): "" for number in range(257)}, "csv", "mapping"),
        ({"a": "stem"}, "gift", "mapping"),
    ],
    ids=["no field", "no letter", "too many", "a format without columns"],
)
def test_a_mapping_that_does_not_fit_is_refused(mapping: dict[str, str], file_format: str, field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_mapping(mapping, file_format)
    assert [problem.field for problem in refused.value.problems] == [field]
