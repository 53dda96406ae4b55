"""ONNX Runtime sessions that are good neighbours: no spinning threads, no memory that grows with the largest page."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.errors import ModelLoadError

Tensor = NDArray[np.float32]

_REMEDY = "Install the OCR packages again: pip install -r requirements-core.txt"


class Model:
    """One ONNX file with one input and one output.

    Sessions are made when first used, one for each number of threads; `run` may be called from many threads at once
    (ONNX Runtime releases the GIL).
    """

    def __init__(self, path: Path, *, arena: bool = False) -> None:
        """
        Args:
            path: of the model.
            arena: keeps the memory of the largest input for the next one: quicker where inputs are many and bounded.
        """
        self.path, self._arena = path, arena
        self._sessions: dict[int, Any] = {}
        self._input = self._session(threads=1).get_inputs()[0].name

    def run(self, tensor: Tensor, threads: int = 1) -> Tensor:
        return self._session(threads).run(None, {self._input: tensor})[0]  # type: ignore[no-any-return]

    def metadata(self, key: str) -> str:
        return str(self._session(threads=1).get_modelmeta().custom_metadata_map[key])

    def _session(self, threads: int) -> Any:
        if threads not in self._sessions:
            self._sessions[threads] = _open(self.path, threads, arena=self._arena)
        return self._sessions[threads]


def _open(path: Path, threads: int, *, arena: bool) -> Any:
    """Raises ModelLoadError."""
    try:
        onnxruntime = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise ModelLoadError(f"onnxruntime cannot be imported ({error}). {_REMEDY}") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = arena
    options.enable_mem_pattern = False  # every page and line has another size: there is no pattern to plan with
    # A thread that spins while it waits takes the core from the process that serves the clients.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own classes share no base but this one
        raise ModelLoadError(f"The model {path.name} cannot be loaded ({_first_line(error)}). {_REMEDY}") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def package_folder(package: str) -> Path:
    """Where an installed package lies, without importing it.

    Raises:
        ModelLoadError: it is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModelLoadError(f"The package {package} is not installed. {_REMEDY}")
    return Path(spec.origin).parent


def model_file(folder: Path, pattern: str) -> Path:
    """The one file in `folder` that matches; raises ModelLoadError when there is none."""
    found = sorted(folder.glob(pattern))
    if not found:
        raise ModelLoadError(f"There is no model {pattern} in {folder}. {_REMEDY}")
    return found[-1]


def package_version(package: str) -> str:
    return importlib.metadata.version(package)
