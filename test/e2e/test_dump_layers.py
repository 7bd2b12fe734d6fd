"""fdt-run --dump-layers: what each layer computes, the same however it is tiled."""

from pathlib import Path

import numpy as np
import pytest

from fdt_mlir import api
from fdt_mlir.cli.run import main
from models import oracle

EXAMPLES = Path(__file__).parents[2] / "examples" / "models"


def dumped(
    path: Path, folder: Path, target: str = "host", **options: object
) -> dict[str, np.ndarray]:
    """The layers of a model for the first random sample."""
    api.compile(path, **options).write(folder / "model")
    (sample,) = oracle.random_inputs(path, 1)
    np.savez(folder / "x.npz", **{f"input_{n}": array for n, array in enumerate(sample)})
    layers = folder / "layers.npz"
    arguments = ["--inputs", str(folder / "x.npz"), "--dump-layers", str(layers)]
    assert main([str(folder / "model"), "--target", target, *arguments]) == 0
    with np.load(layers) as archive:
        return dict(archive)


def tensors_of_the_framework(path: Path) -> list[np.ndarray]:
    """Every tensor of an inference by LiteRT."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        str(path),
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    (sample,) = oracle.random_inputs(path, 1)
    for detail, value in zip(interpreter.get_input_details(), sample, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return [interpreter.get_tensor(d["index"]) for d in interpreter.get_tensor_details()]


@pytest.mark.parametrize("target", ["host", "cortex-m4"])
def test_layers_are_those_of_the_framework(target: str, tmp_path: Path) -> None:
    path = EXAMPLES / "kws.tflite"
    tensors = tensors_of_the_framework(path)
    layers = dumped(path, tmp_path, target, strategy="none")
    assert len(layers) >= 10
    for name, array in layers.items():
        same = [t for t in tensors if t.dtype == array.dtype and t.size == array.size]
        assert any(np.array_equal(t.ravel(), array.ravel()) for t in same), name


def test_rows_that_are_pushed(tmp_path: Path) -> None:
    """A layer is computed in many calls of the caller's, its rows wherever the ring has room."""
    path = EXAMPLES / "kws.tflite"
    (tmp_path / "whole").mkdir()
    whole = dumped(path, tmp_path / "whole", strategy="none")
    pushed = dumped(path, tmp_path, stream_input=True)
    (sample,) = oracle.random_inputs(path, 1)
    np.testing.assert_array_equal(pushed["input_rows"], sample[0].squeeze())
    del whole["average_pooling2d"]  # its sums stand here, the layer's result in its last step
    assert whole.keys() <= pushed.keys()
    for name, expected in whole.items():
        np.testing.assert_array_equal(pushed[name], expected)


# Channels of a loop, rows of a halo, rings: three ways in which a layer never exists whole.
@pytest.mark.parametrize(
    ("model", "strategy", "differing"),
    [
        ("cif", "fdt", set()),
        ("kws", "auto", {"average_pooling2d"}),
        ("cif", "ffmt", {"dense"}),
    ],
)
def test_tiles_are_put_together(
    model: str, strategy: str, differing: set[str], tmp_path: Path
) -> None:
    path = EXAMPLES / f"{model}.tflite"
    (tmp_path / "whole").mkdir()
    whole = dumped(path, tmp_path / "whole", strategy="none")
    tiled = dumped(path, tmp_path, strategy=strategy, max_mac_overhead=30.0)
    assert whole.keys() <= tiled.keys()
    for name, expected in whole.items():
        if name in differing:
            # Sums of tiles; the layer's result is that of its last step.
            assert tiled[name].dtype == np.int32
            np.testing.assert_array_equal(tiled[f"{name}_finish"], expected)
            continue
        assert tiled[name].shape == expected.shape
        wrong = tiled[name] != expected
        # The pools of this model leave out a last row and column, which are not computed then.
        assert (
            not wrong[:-2, :-2].any() if strategy == "ffmt" and wrong.ndim == 3 else not wrong.any()
        )
        assert not tiled[name][wrong].any()
