"""The models of this project, by name. Small stand-ins for the kinds of network the tests need."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from zlib import crc32

from models.calibrate import calibrate
from models.graph import Activation, Graph, Tensor
from models.quantize import quantize

# Stand-ins for the networks of the paper on fused depthwise tiling; the others are ours alone.
PAPER_SEVEN = ("kws", "txt", "mw", "pos", "ssd", "cif", "rad")


@dataclass(frozen=True)
class Model:
    """A named model: what it is, how to build it in float, and how it is stored."""

    name: str
    about: str
    build: Callable[[Graph], None]
    element: str = "int8"  # or "uint8", "float32"
    dynamic_batch: bool = True
    samples: int = 64  # for calibration

    def graph(self) -> Graph:
        """Build, calibrate and, for an integer model, quantise."""
        stem = self.name.split("_")[0]  # variants of one model share their weights
        graph = Graph(stem, seed=crc32(stem.encode()), dynamic_batch=self.dynamic_batch)
        self.build(graph)
        calibrated = calibrate(graph, self.samples)
        if self.element == "float32":
            return calibrated.graph
        return quantize(calibrated, self.element)


def models() -> Mapping[str, Model]:
    """Return every model by name."""
    corpus = (
        Model("kws", "keyword spotting: DS-CNN on a spectrogram", _kws),
        Model("txt", "text: mean of embeddings, dense layers", _txt, "float32", False),
        Model("mw", "gestures: CNN on acceleration", _mw, "float32", False),
        Model("pos", "pose: MobileNet with four heads", _pos),
        Model("ssd", "detection: MobileNet with heads at three scales", _ssd, "int8", False),
        Model(
            "ssd_u8",
            "the same in uint8, box heads with scales of their own",
            _ssd_unequal,
            "uint8",
            False,
        ),
        Model("cif", "images: convolutions and pools, dense", _cif),
        Model("cif_f32", "the same in float", _cif, "float32"),
        Model("rad", "radar: long windows on a range-Doppler map", _rad, samples=16),
        Model("res", "images: residual network", _res),
        Model("ae", "anomalies: fully connected autoencoder", _ae),
    )
    return {model.name: model for model in corpus}


def _kws(g: Graph) -> None:
    x = g.input("input_1", (1, 49, 10, 1), low=-2.9, high=1.7)
    x = g.conv2d(x, 32, (10, 4), strides=2, activation="RELU")
    for _ in range(4):
        x = _separable(g, x, 32, activation="RELU")
    x = g.average_pool(x, (25, 5))
    x = g.fully_connected(g.reshape(x, (1, 32)), 12, spread=2.0)
    g.output(g.softmax(x))


def _txt(g: Graph) -> None:
    tokens, words, width = 256, 500, 16
    x = g.input("embedding_input", (1, tokens), low=0, high=words)
    table = g.random_constant("embedding/embeddings", (words, width))
    x = g.mean(g.gather(table, g.cast(x, "int32")), axes=[1])
    x = g.fully_connected(x, 16, activation="RELU")
    g.output(g.softmax(g.fully_connected(x, 2)))


def _mw(g: Graph) -> None:
    x = g.input("conv2d_input", (1, 128, 3, 1))
    x = g.depthwise_conv2d(x, (4, 3), multiplier=8, activation="RELU")
    x = g.max_pool(x, 3)
    x = g.conv2d(x, 16, (4, 1), activation="RELU")
    x = g.max_pool(x, (3, 1))
    x = g.fully_connected(x, 16, activation="RELU")  # takes the 4-D tensor, as converters write it
    g.output(g.softmax(g.fully_connected(x, 4)))


def _pos(g: Graph) -> None:
    x = g.input("sub_2", (1, 65, 65, 3))
    x = g.conv2d(x, 8, 3, strides=2, activation="RELU6")
    for channels, stride in ((16, 1), (24, 2), (24, 1), (48, 2), (64, 1)):
        x = _separable(g, x, channels, stride)
    for head, channels in (
        ("heatmap_2", 17),
        ("offset_2", 34),
        ("displacement_fwd_2", 32),
        ("displacement_bwd_2", 32),
    ):
        g.output(g.conv2d(x, channels, 1, name=head))


def _ssd(g: Graph, same_box_scale: bool = True) -> None:
    classes = 5
    x = g.input("normalized_input_image_tensor", (1, 48, 48, 3))
    x = g.conv2d(x, 8, 3, strides=2, activation="RELU6")
    for channels, stride in ((16, 1), (24, 2), (32, 1)):
        x = _separable(g, x, channels, stride)
    features = [x]
    features.append(_separable(g, x, 48, 2))
    squeezed = g.conv2d(features[1], 24, 1, activation="RELU6")
    features.append(g.conv2d(squeezed, 48, 3, strides=2, activation="RELU6"))
    boxes, scores = [], []
    for feature, anchors in zip(features, (3, 6, 6), strict=True):
        # Spreads differ, so that the heads have visibly different scales.
        box = g.conv2d(feature, anchors * 4, 1, spread=anchors / 4, name="box_encoding")
        score = g.conv2d(feature, anchors * classes, 1, spread=1.5, name="class")
        rows = feature.shape[1] * feature.shape[2] * anchors
        boxes.append(g.reshape(box, (1, rows, 1, 4)))
        scores.append(g.reshape(score, (1, rows, classes)))
    box = g.concat(boxes, axis=1, same_scale=same_box_scale)
    score = g.logistic(g.concat(scores, axis=1))
    g.output(g.reshape(box, (1, box.shape[1], 4)), score)


def _ssd_unequal(g: Graph) -> None:
    _ssd(g, same_box_scale=False)


def _cif(g: Graph) -> None:
    x = g.input("conv2d_input", (1, 32, 32, 3))
    x = g.max_pool(g.conv2d(x, 12, 3, padding="VALID", activation="RELU"), 2)
    x = g.max_pool(g.conv2d(x, 16, 3, padding="VALID", activation="RELU"), 2)
    g.output(g.fully_connected(_flat(g, x), 10))


def _rad(g: Graph) -> None:
    x = g.input("range_doppler", (1, 32, 492, 2))
    x = g.max_pool(g.conv2d(x, 16, (3, 5), activation="RELU"), (3, 5))
    x = g.max_pool(g.conv2d(x, 32, (3, 5), activation="RELU"), (3, 5))
    x = g.max_pool(g.conv2d(x, 64, (1, 7), activation="RELU"), (1, 7))
    g.output(g.softmax(g.fully_connected(_flat(g, x), 8, spread=1.5)))


def _res(g: Graph) -> None:
    x = g.input("input_1", (1, 32, 32, 3))
    x = g.conv2d(x, 8, 3, activation="RELU")
    for channels, stride in ((8, 1), (16, 2), (32, 2)):
        y = g.conv2d(x, channels, 3, strides=stride, activation="RELU")
        y = g.conv2d(y, channels, 3)
        shortcut = x if stride == 1 else g.conv2d(x, channels, 1, strides=stride)
        x = g.add(shortcut, y, activation="RELU")
    x = _flat(g, g.average_pool(x, 8))
    g.output(g.softmax(g.fully_connected(x, 10, spread=2.0)))


def _ae(g: Graph) -> None:
    x = g.input("input_1", (1, 160))
    for units in (48, 48, 8, 48, 48):
        x = g.fully_connected(x, units, activation="RELU")
    g.output(g.fully_connected(x, 160))


def _separable(
    g: Graph, x: Tensor, channels: int, stride: int = 1, activation: Activation = "RELU6"
) -> Tensor:
    """Depthwise 3x3, then pointwise."""
    x = g.depthwise_conv2d(x, 3, strides=stride, activation=activation)
    return g.conv2d(x, channels, 1, activation=activation)


def _flat(g: Graph, x: Tensor) -> Tensor:
    return g.reshape(x, (1, prod(x.shape[1:])))
