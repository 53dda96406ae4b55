"""Whatever bytes come in: rows, bad rows, or one clear refusal of the file; never another error, never a hang."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.banks.formats import READERS, BadRow, Limits, UnreadableFileError, detect, read, write
from services.errors import TooLargeError, UnsupportedFormatError
from tests.unit.services.banks.formats.test_xlsx import rewritten

LIMITS = Limits(row_bytes=5_000, unpacked_bytes=2**20, shared_string_bytes=2**18)
SAMPLE: list[dict[str, object]] = [
    {
        "type_name": "单选题",
        "subject_name": "数学",
        "stem": f'题目 {n}, "quoted"\n{{x}}',
        "options": ["甲", "=1"],
        "answer": "A",
    }
    for n in range(4)
]
SAMPLES = {name: b"".join(write(name, SAMPLE)) for name in READERS}
calm = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=2_000)


def read_all(folder: Path, name: str, content: bytes) -> None:
    path = folder / "file"
    path.write_bytes(content)
    try:
        found = list(read(path, name, limits=LIMITS))
    except (UnreadableFileError, TooLargeError) as error:
        assert "\0" not in error.message.encode().decode()
        return
    for item in found:
        assert item.line >= 1
        if isinstance(item, BadRow):
            assert item.code
            (item.reason + item.excerpt + item.where).encode()
            assert "\0" not in item.reason + item.excerpt


@pytest.mark.parametrize("name", READERS)
@calm
@given(content=st.binary(max_size=400))
def test_any_bytes(tmp_path: Path, name: str, content: bytes) -> None:
    read_all(tmp_path, name, content)


@pytest.mark.parametrize("name", sorted(set(READERS) - {"xlsx"}))
@calm
@given(content=st.text("[]{}\",:\\'=~#$%/ \n\r\t\0A.B)ANSWER:题stem\ud800-", max_size=300))
def test_any_text_of_the_signs_that_formats_are_made_of(tmp_path: Path, name: str, content: str) -> None:
    read_all(tmp_path, name, content.encode("utf-8", "surrogatepass"))
    read_all(tmp_path, name, "题干,A\n".encode() + content.encode("gb18030", "replace"))


@pytest.mark.parametrize("name", READERS)
@calm
@given(data=st.data())
def test_a_file_with_some_bytes_changed_or_cut(tmp_path: Path, name: str, data: st.DataObject) -> None:
    content = bytearray(SAMPLES[name])
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    read_all(tmp_path, name, bytes(content))


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "_rels/.rels"])
@calm
@given(data=st.data())
def test_a_workbook_with_a_part_changed(tmp_path: Path, part: str, data: st.DataObject) -> None:
    def change(xml: str) -> str:
        for _ in range(data.draw(st.integers(1, 6))):
            place = data.draw(st.integers(0, len(xml) - 1))
            wrong = data.draw(
                st.sampled_from(["", "9", "-", "s", "<c>", "</c>", "&lt;", "\x01", '"', "rId7", "e99", "."])
            )
            xml = xml[:place] + wrong + xml[place + data.draw(st.integers(0, 3)) :]
        return xml

    read_all(tmp_path, "xlsx", rewritten(SAMPLES["xlsx"], part, change))


@calm
@given(content=st.binary(max_size=200) | st.text('[]{}",:=~#$ \nA.B)ANSWER:题干stem', max_size=200).map(str.encode))
def test_detection_knows_any_bytes_or_refuses_them(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    try:
        assert detect(path, "file.csv") in READERS
    except UnsupportedFormatError as error:
        assert error.message
