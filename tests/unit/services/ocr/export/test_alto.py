"""Checked against what the schema of ALTO 4.4 asks of the elements that are written: order, attributes, types, ids."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

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

ALTO = "{http://www.loc.gov/standards/alto/ns-v4#}"
LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
BLOCKS = "(TextBlock|Illustration|GraphicalElement|ComposedBlock)"
# The content model of each element as a pattern over its children's names, each followed by a blank.
CHILDREN = {
    "alto": "(Description )?(Styles )?(Tags )?(ReadingOrder )?Layout ",
    "Description": "MeasurementUnit (sourceImageInformation )?(OCRProcessing )*(Processing )*",
    "sourceImageInformation": "(fileName )?(fileIdentifier )*(documentIdentifier )*",
    "Processing": "(processingCategory )?(processingDateTime )?(processingAgency )?(processingStepDescription )*"
    "(processingStepSettings )?(processingSoftware )?",
    "processingSoftware": "(softwareCreator )?(softwareName )?(softwareVersion )?(applicationDescription )?",
    "Layout": "(Page )+",
    "Page": "(TopMargin )?(LeftMargin )?(RightMargin )?(BottomMargin )?(PrintSpace )?",
    "PrintSpace": f"(Shape )?({BLOCKS} )*",
    "ComposedBlock": f"(Shape )?({BLOCKS} )*",
    "TextBlock": "((Shape )?(TextLine )+)?",
    "TextLine": "(Shape )?(String (SP )?)+(HYP )?",
}
FLOAT = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
SHARE = r"0(\.\d*)?|1(\.0*)?"
NAME = r"[A-Za-z_][\w.-]*"
LANGUAGE = "[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*"
PLACE = {"HPOS": FLOAT, "VPOS": FLOAT, "WIDTH": FLOAT, "HEIGHT": FLOAT}
ATTRIBUTES = {
    "alto": {"SCHEMAVERSION": r"4\.4", LOCATION: ".*"},
    "Processing": {"ID": NAME},
    "Page": {
        "ID": NAME,
        "PHYSICAL_IMG_NR": FLOAT,
        "WIDTH": FLOAT,
        "HEIGHT": FLOAT,
        "PC": SHARE,
        "LANG": LANGUAGE,
        "PROCESSINGREFS": "ocr",
        "QUALITY": "OK|Missing|Missing in original|Damaged|Retained|Target|As in original",
        "QUALITY_DETAIL": ".*",
    },
    "PrintSpace": {"ID": NAME, **PLACE},
    "ComposedBlock": {"ID": NAME, "TYPE": ".*", **PLACE},
    "TextBlock": {"ID": NAME, **PLACE},
    "TextLine": {"ID": NAME, "BASELINE": rf"{FLOAT},{FLOAT}( {FLOAT},{FLOAT})+", **PLACE},
    "String": {"ID": NAME, "CONTENT": ".*", "WC": SHARE, **PLACE},
    "SP": {"ID": NAME, **PLACE},
}
REQUIRED = {
    "Processing": {"ID"},
    "Page": {"ID", "PHYSICAL_IMG_NR"},
    "ComposedBlock": {"ID"},
    "TextBlock": {"ID"},
    "String": {"CONTENT"},
}
TEXT = {
    "MeasurementUnit": "pixel|mm10|inch1200",
    "processingCategory": "contentGeneration|contentModification|preOperation|postOperation|other",
    "documentIdentifier": ".*",
    "softwareName": ".*",
    "softwareVersion": ".*",
}


def checked(text: str) -> ET.Element:
    root = ET.fromstring(text)
    assert root.tag == f"{ALTO}alto"
    for element in root.iter():
        _check(element)
    keys = [element.get("ID") for element in root.iter() if element.get("ID")]
    assert len(keys) == len(set(keys))
    return root


def _check(element: ET.Element) -> None:
    name = _name(element)
    children = "".join(f"{_name(child)} " for child in element)
    assert re.fullmatch(CHILDREN.get(name, ""), children), (name, children)
    assert re.fullmatch(TEXT.get(name, r"\s*"), element.text or ""), (name, element.text)
    assert element.attrib.keys() >= REQUIRED.get(name, set())
    for key, value in element.items():
        assert re.fullmatch(ATTRIBUTES[name][key], value), (name, key, value)


def _name(element: ET.Element) -> str:
    assert element.tag.startswith(ALTO)
    return element.tag.removeprefix(ALTO)


def all_of(root: ET.Element, name: str) -> list[ET.Element]:
    return list(root.iter(ALTO + name))


def test_words_have_their_place_and_blanks_stand_only_where_they_are_printed() -> None:
    root = checked(exported("alto", page(result([[[region("使用Python 编程", 100, 50, 500, 30)]]]))))
    (line,) = all_of(root, "TextLine")
    assert [child.get("CONTENT") for child in line] == ["使用", "Python", None, "编程"]
    assert [line.get(key) for key in ("HPOS", "VPOS", "WIDTH", "HEIGHT")] == ["100", "50", "500", "30"]
    assert line.get("BASELINE") == "100.0,74.0 600.0,74.0"
    assert all_of(root, "String")[0].get("WC") == "0.9500"


def test_a_page_says_its_size_its_language_and_how_sure_it_is() -> None:
    (found,) = all_of(checked(exported("alto", of_rows("x"))), "Page")
    assert dict(found.items()) == {
        "ID": "page_1",
        "PHYSICAL_IMG_NR": "1",
        "WIDTH": "600",
        "HEIGHT": "800",
        "PC": "0.9500",
        "LANG": "zh",
        "PROCESSINGREFS": "ocr",
    }


def test_a_page_that_failed_is_missing_and_says_why() -> None:
    (found,) = all_of(checked(exported("alto", failed(3, 'a "reason"'))), "Page")
    assert (found.get("QUALITY"), len(found)) == ("Missing", 0)
    assert found.get("QUALITY_DETAIL") == '[Page 3 (scan.png, page 3) was not read. INVALID_IMAGE: a "reason"]'


def test_two_columns_are_two_composed_blocks() -> None:
    columns = [[[region("left", 10, 10, 250)]], [[region("right", 320, 10, 250)]]]
    assert len(all_of(checked(exported("alto", page(result(columns)))), "ComposedBlock")) == 2


@given(st.lists(regions, max_size=5), texts, texts)
def test_whatever_was_read_the_schema_is_kept(found: list[Region], title: str, name: str) -> None:
    checked(exported("alto", replace(of_regions(found), file_name=name), failed(2, title), title=title))


def test_no_pages_are_still_valid() -> None:
    checked(exported("alto"))
