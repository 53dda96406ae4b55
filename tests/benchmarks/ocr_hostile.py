"""What hostile files cost before they are refused, and what the largest allowed picture costs.

    python -m tests.benchmarks.ocr_hostile [--large] [FILE ...]

Each file is opened, and its first page read, in a fresh process: seconds and peak resident memory with all imports, and
what of the memory came after them. Bars for the files in shared data: 1 s and 100 MB. A PDF is drawn in a process of
its own; its peak is the last column. `--large` adds pictures of 100 megapixels.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson
import PIL.Image

from tests.benchmarks.shared_data import shared_data

_MEASURE = """
import sys, time
began = time.perf_counter()
import resource, orjson
from pathlib import Path
from services.errors import TaskbeamError
from services.ocr.decoding.decode import open_document
def peak():  # not ru_maxrss: that begins with what the parent had
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
before = peak()
try:
    with open_document(Path(sys.argv[1])) as document:
        said = "read, %d x %d" % document.page(1).image.shape[1::-1]
except TaskbeamError as problem:
    said = problem.code
total, child = peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(orjson.dumps([said, time.perf_counter() - began, total, total - before, child]).decode())
"""


def measured(path: Path) -> str:
    run = subprocess.run([sys.executable, "-c", _MEASURE, str(path)], check=True, capture_output=True)
    said, seconds, total, added, child = orjson.loads(run.stdout)
    return f"{path.name:32} {said:22} {seconds:7.2f} s {total:7.0f} MB {added:7.0f} MB {child:7.0f} MB"


def large(folder: Path) -> Iterator[Path]:
    picture = PIL.Image.radial_gradient("L").resize((10_000, 10_000)).convert("RGB")
    for name, options in {
        "png": {"compress_level": 1},
        "jpeg": {},
        "progressive.jpeg": {"progressive": True},
        "tiff": {},
        "webp": {"quality": 10, "method": 0},
    }.items():
        path = folder / f"100_megapixels.{name}"
        picture.save(path, **options)
        yield path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--large", action="store_true")
    arguments = parser.parse_args()
    print(f"{'file':32} {'answer':22} {'time':>9} {'peak':>10} {'added':>10} {'child':>10}")
    data = shared_data()
    for path in arguments.files or (sorted((data / "ocr" / "hostile").iterdir()) if data else []):
        print(measured(path), flush=True)
    if arguments.large:
        with tempfile.TemporaryDirectory() as folder:
            for path in large(Path(folder)):
                print(measured(path), flush=True)


if __name__ == "__main__":
    main()
