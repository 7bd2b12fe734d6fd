"""Files of one array: .npy, images and sounds, taken as raw tensors, never scaled or resampled."""

from __future__ import annotations

import wave
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import cast

import numpy as np

from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import CompileError, compile_error
from fdt_mlir.targets.model import Array, TensorSpec

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pgm", ".ppm", ".tif", ".tiff")
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def read_raw(path: Path, tensor: TensorSpec) -> Array:
    """Read a file of a kind in READERS as the array of `tensor`.

    Raises CompileError where it cannot be read, or does not have the elements of the tensor.
    """
    reader = READERS[path.suffix.lower()]
    return reader(path, tensor)


def _read_npy(path: Path, tensor: TensorSpec) -> Array:
    del tensor
    try:
        loaded: object = np.load(path, allow_pickle=False)
    except OSError as error:
        raise _unreadable(path, error.strerror) from error
    except ValueError as error:
        raise _unreadable(path, str(error)) from error
    if not isinstance(loaded, np.ndarray):
        raise _unreadable(path, "it holds several arrays: call it .npz")
    return cast("Array", loaded)


def _read_image(path: Path, tensor: TensorSpec) -> Array:
    """Pixels: as they are for uint8, less 128 for int8, divided by 255 for float32."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        hint = "install it with: pip install pillow"
        raise compile_error(
            "reading images needs Pillow", SourceLocation(str(path)), hint
        ) from error
    has_channels = len(tensor.shape) > 2 and tensor.shape[-1] in _MODES
    *_, height, width, channels = (1, 1, *tensor.shape, *(() if has_channels else (1,)))
    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert(_MODES[channels]))
    except UnidentifiedImageError as error:
        raise _unreadable(path, "it is no image that Pillow knows") from error
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    if pixels.shape[:2] != (height, width) or pixels.size != np.prod(tensor.shape):
        raise compile_error(
            f"the image has {pixels.shape[1]}x{pixels.shape[0]} pixels (width x height), input "
            f"{tensor} takes {width}x{height}",
            SourceLocation(str(path)),
            "scale or crop it as for training, and save it again",
        )
    values = pixels.astype(np.int32).reshape(tensor.shape)
    if tensor.dtype == np.int8:
        return (values - 128).astype(np.int8)
    if tensor.dtype.kind == "f":
        return (values / 255.0).astype(tensor.dtype)
    return values.astype(tensor.dtype)


def _read_sound(path: Path, tensor: TensorSpec) -> Array:
    """16-bit samples: as they are, their upper byte for int8, divided by 32768 for float32."""
    try:
        with wave.open(str(path), "rb") as file:
            channels, width, count = file.getnchannels(), file.getsampwidth(), file.getnframes()
            data = file.readframes(count)
    except (OSError, EOFError, wave.Error) as error:
        raise _unreadable(path, getattr(error, "strerror", None) or str(error)) from error
    wanted = int(np.prod(tensor.shape))
    if (channels, width, count) != (1, 2, wanted):
        raise compile_error(
            f"the sound has {count} samples of {8 * width} bits in {channels} channels, input "
            f"{tensor} takes {wanted} samples of 16 bits in one",
            SourceLocation(str(path)),
            "cut or pad it; where the model takes features, compute them and save an .npy",
        )
    values = np.frombuffer(data, "<i2").astype(np.int32).reshape(tensor.shape)
    if tensor.dtype == np.int8:
        values = values >> 8
    elif tensor.dtype == np.uint8:
        values = (values >> 8) + 128
    elif tensor.dtype.kind == "f":
        return (values / 32768.0).astype(tensor.dtype)
    return values.astype(tensor.dtype)


def _unreadable(path: Path, reason: str | None) -> CompileError:
    return compile_error(f"cannot read the input: {reason}", SourceLocation(str(path)))


READERS: Mapping[str, Callable[[Path, TensorSpec], Array]] = MappingProxyType(
    {".npy": _read_npy, ".wav": _read_sound, **dict.fromkeys(IMAGE_SUFFIXES, _read_image)}
)
"""By the ending of the file's name."""
