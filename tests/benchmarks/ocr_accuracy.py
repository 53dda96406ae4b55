"""Characters read wrongly on the shared pages, beside rapidocr with its defaults and tesseract.

    python -m tests.benchmarks.ocr_accuracy [--only CONDITION,…] [--accuracy high|medium|low] [--pages FOLDER]

Prints for each condition the character error rate without white space and the share of blanks that were kept, in per
cent, each page through the whole pipeline. The measure is `evaluate.py` beside the pages; another folder with a
`manifest.json` of the same shape can be given. Rivals that are not installed are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps

from services.ocr.page import Image, Raster
from services.ocr.pipeline import read_page
from services.ocr.requirements import Requirements
from tests.benchmarks.shared_data import shared_data

Reader = Callable[[Image], str]


def main() -> None:
    data = shared_data()
    if data is None:
        raise SystemExit("There are no shared pages here: set TASKBEAM_SHARED_DATA.")
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", help="conditions, with commas")
    parser.add_argument("--accuracy", default="medium", choices=["high", "medium", "low"])
    parser.add_argument("--pages", type=Path, default=data / "ocr")
    arguments = parser.parse_args()
    measure = evaluator(data / "ocr" / "evaluate.py")
    pages = [page for page in json.loads((arguments.pages / "manifest.json").read_text("utf-8")) if "lines" in page]
    if arguments.only:
        pages = [page for page in pages if page["condition"] in arguments.only.split(",")]
    conditions = list(dict.fromkeys(page["condition"] for page in pages))
    print(f"{'CER % / blanks %':20}" + "".join(f"{name:>15}" for name in [*conditions, "all"]))
    for name, reader in readers(arguments.accuracy).items():
        scores = {page["file"]: score(measure, page, reader, arguments.pages) for page in pages}
        summary = measure.by_condition(scores, pages)
        print(f"{name:20}" + "".join(f"{cell(summary[key]):>15}" for key in [*conditions, "all"]), flush=True)


def evaluator(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("evaluate", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def score(measure: ModuleType, page: dict[str, Any], read: Reader, folder: Path) -> dict[str, int]:
    result: dict[str, int] = measure.score(measure.truth_of(page), read(pixels(folder / page["file"])))
    return result


def pixels(path: Path) -> Image:
    with Pillow.open(path) as picture:
        return np.array(ImageOps.exif_transpose(picture).convert("RGB"))


def cell(total: dict[str, Any]) -> str:
    blanks = "-" if total["blanks"] is None else f"{100 * total['blanks']:.0f}"
    return f"{100 * total['cer']:.2f} / {blanks}"


def readers(accuracy: str) -> dict[str, Reader]:
    requirements = Requirements.of({"accuracy_requirement": accuracy})
    found: dict[str, Reader] = {
        "Taskbeam": lambda image: read_page(Raster(image), requirements, threads=2).text,
        "rapidocr, defaults": rapidocr_defaults(),
    }
    if program := shutil.which("tesseract"):
        found["tesseract"] = lambda image: tesseract(program, image)
    return found


def rapidocr_defaults() -> Reader:
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "error"})
    return lambda image: "\n".join(engine(np.ascontiguousarray(image[:, :, ::-1])).txts or ())


def tesseract(program: str, image: Image) -> str:
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        Pillow.fromarray(image).save(file.name)
        command = [program, file.name, "-", "-l", "chi_sim+eng"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
