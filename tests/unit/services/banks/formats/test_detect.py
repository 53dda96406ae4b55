from __future__ import annotations

import io
import struct
import time
import zipfile
from pathlib import Path

import pytest

from services.banks.formats import detect, write
from services.errors import TooLargeError, UnsupportedFormatError

GIFT = "// a comment\n$CATEGORY: 数学\n\n::q1::1+1? {\n=2\n~3\n}\n"
AIKEN = "1+1?\nA) 1\nB. 2\nANSWER: B\n"


def zipped(*names: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return sink.getvalue()


@pytest.mark.parametrize(
    ("content", "file_format"),
    [
        ('{"stem": "a"}\n{"stem": "b"}\n', "jsonl"),
        ('\ufeff\n{"题干": "a"}', "jsonl"),
        ('["a", "list"]\n{"stem": "b"}\n', "jsonl"),
        ('{"stem": "cut off\n{"stem": "b"}\n', "jsonl"),
        ('[{"stem": "a"}]', "json"),
        ("[]", "json"),
        ('[\n{"stem": "a"},\n{"stem": "b"}\n]', "json"),
        ('{"questions": [\n{"stem": "a"},\n{"stem": "b"}\n]}', "json"),
        ('{"questions": [{"stem": "a"}]}', "json"),
        ('{\n "version": 1,\n "questions": [\n {"stem": "a"}\n]}', "json"),
        ("题干,答案\n一,A\n", "csv"),
        ("stem;answer\nx;A\n", "csv"),
        ("题型\t题目\n单选\tx\n", "csv"),
        ('\n\n"题干","选项\nA"\nx,y\n', "csv"),
        ('stem,answer\n"{""stem"": 1}",A\n', "csv"),
        (GIFT, "gift"),
        ("Is it? {T}\n", "gift"),
        ("Write an essay. {}\n", "gift"),
        ("How many? {#3:1}\n", "gift"),
        (AIKEN, "aiken"),
    ],
)
@pytest.mark.parametrize("name", ["file", "file.xlsx", "file.pdf"])
def test_the_content_says_the_format_whatever_the_name(
    tmp_path: Path, content: str, file_format: str, name: str
) -> None:
    path = tmp_path / "upload"
    path.write_text(content, encoding="utf-8")
    assert detect(path, name) == file_format


@pytest.mark.parametrize("file_format", ["jsonl", "json", "csv", "xlsx", "gift", "aiken"])
def test_what_we_write_is_known_again(tmp_path: Path, file_format: str) -> None:
    path = tmp_path / "upload"
    question: dict[str, object] = {"stem": "1+1?", "options": ["1", "2"], "answer": "B"}
    path.write_bytes(b"".join(write(file_format, [question])))
    assert detect(path, "") == file_format


def test_empty_lines_without_end_cost_no_time(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(b"x" + b"\n" * 250_000)
    began = time.monotonic()
    with pytest.raises(UnsupportedFormatError):
        detect(path, "bank.csv")
    assert time.monotonic() - began < 5


def test_a_header_in_gb18030_is_known(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes("题干,答案\n一,A\n".encode("gb18030"))
    assert detect(path, "x.csv") == "csv"


def test_one_row_in_another_encoding_does_not_decide(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes("题干,答案\n一,A\n".encode() + "题干\n".encode("gb18030"))
    assert detect(path, "x.csv") == "csv"


def test_a_first_line_longer_than_what_is_looked_at_goes_by_the_name(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_text('{"stem": "' + "x" * 300_000 + '"}\n{"stem": "b"}\n', encoding="utf-8")
    assert detect(path, "bank.jsonl") == "jsonl"


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n\n", "empty"),
        (b"%PDF-1.7", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xlsx"),
        (b"\x1f\x8b\x08", "Unpack"),
        (b"\x89PNG\r\n", "image"),
        ("题干\n甲".encode("utf-16"), "UTF-8"),
        (b"PK\x03\x04 broken", "damaged"),
        (zipped("a.csv"), "Unpack"),
        (zipped("word/document.xml"), "Save it as"),
        (zipped("mimetype", "content.xml"), "Save it as"),
        (zipped("xl/workbook.bin"), "xlsx"),
        (b"just some text\nwithout any form\n", "Send"),
        (bytes(range(256)) * 10, "Send"),
    ],
)
def test_what_cannot_be_imported_is_refused_with_a_remedy(tmp_path: Path, content: bytes, remedy: str) -> None:
    path = tmp_path / "upload"
    path.write_bytes(content)
    with pytest.raises(UnsupportedFormatError, match=remedy):
        detect(path, "bank.csv")


@pytest.mark.parametrize("large_form", [False, True])
def test_an_archive_of_very_many_parts_is_refused_before_its_directory_is_read(
    tmp_path: Path, large_form: bool
) -> None:
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 0, 20, 0, *[0] * 4, 0, 0, 0, 1, *[0] * 4, 0, 0) + b"x"
    directory = entry * 25_000
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 25_000, 25_000, len(directory), 4, 0)
    if large_form:  # whose size goes before that of the small one
        at = 4 + len(directory)
        record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 25_000, 25_000, len(directory), 4)
        end = (
            record
            + struct.pack("<4sLQL", b"PK\6\7", 0, at, 1)
            + end.replace(struct.pack("<L", len(directory)), bytes(4))
        )
    path = tmp_path / "upload"
    path.write_bytes(b"PK\3\4" + directory + end)
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == 25_000
    with pytest.raises(TooLargeError, match="too many parts"):
        detect(path, "bank.xlsx")


def test_a_line_of_very_many_names_is_no_header(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_text("stem," + "a," * 3_000, encoding="utf-8")
    with pytest.raises(UnsupportedFormatError):
        detect(path, "bank.csv")
