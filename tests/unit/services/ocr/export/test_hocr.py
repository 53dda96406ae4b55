"""Checked against the rules of hOCR 1.2: required metadata, classes and properties, the grammar, nesting."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ocr.page import Region
from tests.unit.services.ocr.export.pages import (
    exported,
    failed,
    of_regions,
    of_rows,
    page,
    region,
    regions,
    result,
    texts,
)

XHTML = "{http://www.w3.org/1999/xhtml}"
PARENTS = {"ocr_carea": "ocr_page", "ocr_par": "ocr_carea", "ocr_line": "ocr_par", "ocrx_word": "ocr_line"}
STRING = r'"[\x20-\x21\x23-\x7e]+"'
# A sign is allowed where the specification's own examples and every program have one.
GRAMMAR = {
    "bbox": r"\d+ \d+ \d+ \d+",
    "baseline": r"-?\d*\.\d+ -?\d+",
    "image": STRING,
    "ppageno": r"\d+",
    "scan_res": r"\d+ \d+",
    "x_source": rf"{STRING}( {STRING})*",
    "x_wconf": r"\d*\.\d+",
}
ALLOWED = {
    "ocr_page": {"bbox", "image", "ppageno", "scan_res", "x_source"},
    "ocr_carea": {"bbox"},
    "ocr_par": {"bbox"},
    "ocr_line": {"bbox", "baseline"},
    "ocrx_word": {"bbox", "x_wconf"},
}


def checked(text: str) -> ET.Element:
    root = ET.fromstring(text)
    assert root.tag == f"{XHTML}html"
    capabilities = _metadata(root)
    keys = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(keys) == len(set(keys))
    body = root.find(f"{XHTML}body")
    assert body is not None
    for element in body:
        assert element.get("class") == "ocr_page"
        _check(element, None, capabilities)
    return root


def _metadata(root: ET.Element) -> set[str]:
    given = [(meta.get("name"), meta.get("content", "")) for meta in root.iter(f"{XHTML}meta") if meta.get("name")]
    assert sorted(name or "" for name, _ in given) == ["ocr-capabilities", "ocr-system"]
    return set(dict(given)["ocr-capabilities"].split())


def _check(element: ET.Element, parent: ET.Element | None, capabilities: set[str]) -> None:
    kind = element.get("class")
    if kind is None:
        assert element.get("title") is None
        return
    assert kind in capabilities
    assert "ocrp_lang" in capabilities or element.get("lang") is None
    assert PARENTS.get(kind) == (parent.get("class") if parent is not None else None)
    found = properties(element)
    assert found.keys() <= ALLOWED[kind]
    if parent is not None:
        assert _inside(box(element), box(parent))
    for child in element:
        _check(child, element, capabilities)


def properties(element: ET.Element) -> dict[str, str]:
    found = dict(part.split(" ", 1) for part in re.split(r" *; *", element.get("title", "")))
    assert "bbox" in found
    for name, value in found.items():
        assert re.fullmatch(GRAMMAR[name], value), (name, value)
    return found


def box(element: ET.Element) -> list[int]:
    return [int(value) for value in properties(element)["bbox"].split()]


def _inside(inner: list[int], outer: list[int]) -> bool:
    return outer[0] <= inner[0] < inner[2] <= outer[2] and outer[1] <= inner[1] < inner[3] <= outer[3]


def of_class(root: ET.Element, kind: str) -> list[ET.Element]:
    return [element for element in root.iter() if element.get("class") == kind]


def test_a_page_has_its_box_its_image_its_number_and_its_resolution() -> None:
    root = checked(exported("hocr", of_rows("To be", "or not"), failed(2)))
    first, second = of_class(root, "ocr_page")
    assert properties(first) == {
        "bbox": "0 0 600 800",
        "image": '"scan.png"',
        "ppageno": "0",
        "x_source": '"scan.png" "1"',
        "scan_res": "300 300",
    }
    assert first.get("lang") == "zh"
    assert "".join(second.itertext()).strip() == (
        "[Page 2 (scan.png, page 2) was not read. INVALID_IMAGE: Not a picture.]"
    )


def test_words_stand_where_they_are_printed_and_read_as_the_line() -> None:
    root = checked(exported("hocr", page(result([[[region("使用Python 编程", 100, 50, 500, 30)]]]))))
    assert "".join(of_class(root, "ocr_line")[0].itertext()) == "使用Python 编程"
    boxes = [box(word) for word in of_class(root, "ocrx_word")]
    assert [left for left, *_ in boxes] == sorted(left for left, *_ in boxes)
    assert (boxes[0][:2], boxes[-1][2:]) == ([100, 50], [600, 80])
    assert properties(of_class(root, "ocrx_word")[0])["x_wconf"] == "95.00"


def test_the_baseline_of_a_skewed_line_rises_with_it() -> None:
    tilted = Region(((100, 120), (300, 100), (304, 140), (104, 160)), "tilted line", 0.9)
    root = checked(exported("hocr", page(result([[[tilted]]]))))
    slope, offset = properties(of_class(root, "ocr_line")[0])["baseline"].split()
    assert float(slope) == pytest.approx(-0.1)
    assert int(offset) == -8  # a fifth of the type's height lies under the baseline


@given(st.lists(regions, max_size=5), texts, texts)
def test_whatever_was_read_the_rules_are_kept(found: list[Region], title: str, name: str) -> None:
    checked(exported("hocr", replace(of_regions(found), file_name=name), failed(2, title), title=title))


def test_no_pages_are_still_a_document() -> None:
    assert of_class(checked(exported("hocr")), "ocr_page") == []
