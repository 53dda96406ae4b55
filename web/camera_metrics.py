"""Figures of cameras for /metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from services.cameras.service import CameraService
from services.metrics import Metrics

_FIGURES: Mapping[str, tuple[str, Callable[[dict[str, Any]], float | None]]] = {
    "source_fps": ("Frames a second that a camera gives", lambda camera: camera["fps"]),
    "encoded_fps": (
        "Frames a second that are encoded, over all variants",
        lambda camera: sum(one["fps"] for one in camera["encoded"]),
    ),
    "sent_fps": (
        "Frames a second that are sent, over all viewers",
        lambda camera: sum(one["fps"] for one in camera["watching"]),
    ),
    "sent_bytes": (
        "Bytes that those who watch now were sent",
        lambda camera: sum(one["bytes"] for one in camera["watching"]),
    ),
    "dropped": (
        "Frames that those who watch now were not ready for",
        lambda camera: sum(one["dropped"] for one in camera["watching"]),
    ),
    "viewers": ("Viewers of a camera", lambda camera: camera["viewers"]),
    "captures": ("How often a camera was opened for viewers", lambda camera: camera["captures"]),
    "live": ("Whether a camera gives frames", lambda camera: camera["state"] == "live"),
    "age_seconds": ("Age of a camera's newest frame", lambda camera: camera["age"]),
}


def watch(metrics: Metrics, cameras: CameraService) -> None:
    """One gauge per figure, labelled with the camera's id; of cameras that were watched since the start."""
    for name, (text, of) in _FIGURES.items():
        metrics.watch(f"taskbeam_camera_{name}", text, partial(_read, cameras, of), label="camera")


def _read(cameras: CameraService, of: Callable[[dict[str, Any]], float | None]) -> dict[str, float]:
    values = {str(camera["camera_id"]): of(camera) for camera in cameras.figures()}
    return {camera: value for camera, value in values.items() if value is not None}
