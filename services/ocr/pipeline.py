"""Reading one page: upright -> lines found -> lines read -> blanks -> second opinion -> reading order -> meaning."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import fmean

from services.ocr import areas, blanks
from services.ocr.classify import classify
from services.ocr.crops import cut
from services.ocr.decoding.pdf_text import ENGINE as TEXT_LAYER
from services.ocr.engines import registry
from services.ocr.engines.base import Engine
from services.ocr.fields import extract
from services.ocr.fusion import fuse
from services.ocr.language import detect
from services.ocr.layout import Layout, arrange
from services.ocr.orientation import upright
from services.ocr.page import Image, PageResult, Quad, Raster, Reading, Region, Stage, polygon_of
from services.ocr.progress import Report, StageClock, silent
from services.ocr.requirements import Requirements
from services.ocr.selector import Strategy, select


def read_page(raster: Raster, requirements: Requirements, *, report: Report = silent, threads: int = 1) -> PageResult:
    """Reads a page as it was stored, whichever way up it lies.

    Args:
        raster: the page; where it carries a text layer and no engine was asked for by name, that is taken as it is.
        requirements: what the client asks; its areas are pixels of the upright page.
        report: is told how far it is, from this thread.
        threads: cores that may be used.

    Raises:
        ModelLoadError: no engine that is asked for, or none at all, can be used here.
        InvalidInputError: the region lies outside the page.
    """
    clock = StageClock(report)
    if raster.text_layer is not None and not requirements.engines:
        return _from_text_layer(raster, raster.text_layer, requirements, clock)
    clock.enter(Stage.PREPROCESSING, "Loading the engine")
    strategy = select(requirements, registry.available())
    engine = registry.engine(strategy.engines[0])
    clock.enter(Stage.DETECTION, "Looking for lines")
    page = upright(raster.image, engine, strategy.detector_side, threads, lambda done: clock.say(done, "Looking"))
    image = areas.painted_over(page.image, requirements.ignore)
    quads = _wanted(image, page.quads, engine, requirements, strategy, threads)
    readings = _read(image, quads, engine, threads, clock)
    clock.enter(Stage.POSTPROCESSING, "Giving blanks back")
    quads, readings = blanks.restore(image, quads, readings, read=partial(engine.recognize, threads=threads))
    regions = _regions(quads, readings, engine)
    regions, was_fused = _with_second_opinion(image, regions, strategy, threads)
    clock.say(0.5, "Putting the lines in order")
    models = strategy.engines if was_fused else strategy.engines[:1]
    return _understood(regions, page.image, models, requirements, clock, rotation=page.rotation, dpi=raster.dpi)


def _from_text_layer(
    raster: Raster, regions: Sequence[Region], requirements: Requirements, clock: StageClock
) -> PageResult:
    """What a PDF says of itself is exact: only its order and its meaning are to be found."""
    clock.enter(Stage.POSTPROCESSING, "Taking the text that the document carries")
    height, width = raster.image.shape[:2]
    if requirements.region is not None:
        regions = areas.inside(regions, areas.clipped(requirements.region, width, height))
    kept = areas.without(regions, requirements.ignore)
    return _understood(kept, raster.image, (TEXT_LAYER,), requirements, clock, rotation=0, dpi=raster.dpi)


def _understood(
    regions: Sequence[Region],
    image: Image,
    models: tuple[str, ...],
    requirements: Requirements,
    clock: StageClock,
    *,
    rotation: int,
    dpi: float | None,
) -> PageResult:
    """The order of the regions, and what they amount to."""
    height, width = image.shape[:2]
    layout = arrange(regions, width, height)
    ordered = tuple(regions[index] for index in layout.order)
    document_type, certainty = _type_of(ordered, layout, requirements, width, height)
    fields = extract(document_type, ordered, layout.paragraphs)
    clock.say(1.0, "Read")
    clock.leave()
    return PageResult(
        text=layout.text,
        confidence=mean_confidence(ordered),
        processing_time=round(clock.total, 4),
        selected_models=models,
        strategy="fusion" if len(models) > 1 else "single",
        language=detect(layout.text),
        document_type=document_type,
        document_confidence=certainty,
        regions=ordered,
        paragraphs=layout.paragraphs,
        width=width,
        height=height,
        rotation=rotation,
        dpi=dpi,
        fields=fields,
        timings=clock.seconds,
    )


def _type_of(
    regions: Sequence[Region], layout: Layout, requirements: Requirements, width: int, height: int
) -> tuple[str, float]:
    if requirements.document_type != "auto":
        return requirements.document_type, 1.0
    return classify(regions, layout.paragraphs, width, height)


def _wanted(
    image: Image, quads: list[Quad], engine: Engine, requirements: Requirements, strategy: Strategy, threads: int
) -> list[Quad]:
    """The lines inside the region of interest, where they are looked for once more, and outside the ignored areas."""
    if requirements.region is not None:
        box = areas.clipped(requirements.region, image.shape[1], image.shape[0])
        part = image[box[1] : box[3], box[0] : box[2]]
        quads = areas.shifted(engine.detect(part, strategy.detector_side, threads), box)
    return areas.outside(quads, requirements.ignore)


def _read(image: Image, quads: Sequence[Quad], engine: Engine, threads: int, clock: StageClock) -> list[Reading]:
    """Says each line as soon as it is read."""
    clock.enter(Stage.RECOGNITION, f"0 of {len(quads)} lines")
    done = 0

    def hear(_number: int, reading: Reading) -> None:
        nonlocal done
        done += 1
        clock.say(done / len(quads), f"{done} of {len(quads)} lines", (reading.text,))

    return engine.recognize([cut(image, quad) for quad in quads], hear, threads)


def _regions(quads: Sequence[Quad], readings: Sequence[Reading], engine: Engine) -> list[Region]:
    return [
        Region(polygon_of(quad), reading.text, reading.confidence, engine.name)
        for quad, reading in zip(quads, readings, strict=True)
        if reading.text.strip()
    ]


def _with_second_opinion(
    image: Image, regions: list[Region], strategy: Strategy, threads: int
) -> tuple[list[Region], bool]:
    """The regions, and whether a second engine truly read any of them."""
    if not strategy.fusion:
        return regions, False
    weak = [number for number, region in enumerate(regions) if region.confidence < strategy.weak_below]
    crops = [cut(image, regions[number].quad) for number in weak]
    second = partial(registry.engine, strategy.engines[1])
    opinions, was_asked = fuse([regions[number] for number in weak], crops, second, strategy.weak_below, threads)
    for number, region in zip(weak, opinions, strict=True):
        regions[number] = region
    return regions, was_asked


def mean_confidence(regions: Sequence[Region]) -> float:
    """Over characters, so that a page number does not count as much as a paragraph; 0 when there are none."""
    weights = [len(region.text) for region in regions]
    return fmean([region.confidence for region in regions], weights) if regions else 0.0
