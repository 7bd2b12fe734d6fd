"""The decision: which choice is taken, how it is drawn, and what is said of it."""

import pytest
from path_graphs import GraphBuilder, random_graph

from fdt_mlir.errors import CompileError
from fdt_mlir.paths.discover import discover_in_graph
from fdt_mlir.paths.path_plan import STRATEGIES, DiscoveryOptions


def dense_chain(*units, element_bytes=4):
    build = GraphBuilder()
    x = build.input(units[0], element_bytes=element_bytes)
    for count in units[1:]:
        x = build.dense(x, count)
    return build.graph()


def separable(extent=12):
    """Pointwise, depthwise, pointwise: what FDT is made for."""
    build = GraphBuilder()
    x = build.window(build.input(extent, extent, 2), 32)
    x = build.window(x, None, (3, 3), pad=(1, 1))
    build.window(x, 2)
    return build.graph()


def conv_chain():
    """Two convolutions with a halo between them: rows cost work."""
    build = GraphBuilder()
    x = build.window(build.input(16, 16, 2), 8, (3, 3), pad=(1, 1))
    build.window(x, 2, (3, 3), pad=(1, 1))
    return build.graph()


def test_dense_100_200_100():
    """The original's test: 0.70 of the untiled arena."""
    found = discover_in_graph(dense_chain(100, 200, 100), DiscoveryOptions("fdt"))
    assert found.predicted_arena_bytes <= 0.70 * found.untiled_arena_bytes
    (path,) = found.paths
    assert (path.glyph, path.family, path.dims) == ("<>", "fdt", (1,))
    assert path.saved_bytes == found.untiled_arena_bytes - found.predicted_arena_bytes
    assert found.mac_overhead == 0


def test_dense_4_19391_1():
    """The original's test: 0.02 of the untiled arena, with a count of units that is prime."""
    found = discover_in_graph(dense_chain(4, 19391, 1), DiscoveryOptions("fdt"))
    assert found.predicted_arena_bytes <= 0.02 * found.untiled_arena_bytes


def test_glyphs():
    """Fan-Out, pass-through, Fan-In; the layers between the ends of a row path."""
    (path,) = discover_in_graph(separable(), DiscoveryOptions("fdt")).paths
    assert path.glyph == "<=>"
    (path,) = discover_in_graph(separable(), DiscoveryOptions("ffmt", 50)).paths
    assert path.glyph == "[-]"
    assert path.family == "ffmt"
    (path,) = discover_in_graph(separable(), DiscoveryOptions("stream")).paths
    assert path.glyph == "|:|"


def test_overhead_is_only_spent_where_it_is_allowed():
    strict, free = (
        discover_in_graph(conv_chain(), DiscoveryOptions("ffmt", limit)) for limit in (0, 20)
    )
    assert strict.mac_overhead == 0
    assert 0 < free.mac_overhead <= 0.20
    assert free.predicted_arena_bytes < strict.predicted_arena_bytes


def test_ram_takes_the_least_work_that_fits():
    """Exactly what the Pareto front offers at that size."""
    free = discover_in_graph(conv_chain(), DiscoveryOptions("ffmt", 1000))
    assert len(free.pareto) > 3
    for point in free.pareto:
        options = DiscoveryOptions("ffmt", ram_bytes=point.arena_bytes)
        found = discover_in_graph(conv_chain(), options)
        assert found.predicted_arena_bytes <= point.arena_bytes
        assert found.mac_overhead == pytest.approx(point.mac_overhead, abs=1e-5)


def test_the_front_falls_in_memory_and_rises_in_work():
    points = discover_in_graph(conv_chain(), DiscoveryOptions("ffmt")).pareto
    assert len(points) > 3
    assert [p.arena_bytes for p in points] == sorted({p.arena_bytes for p in points}, reverse=True)
    assert [p.mac_overhead for p in points] == sorted({p.mac_overhead for p in points})


def test_a_budget_that_nothing_reaches():
    """The numbers that a user needs next: the smallest arena, and what sets it."""
    with pytest.raises(CompileError) as caught:
        discover_in_graph(separable(), DiscoveryOptions("fdt", ram_bytes=100))
    (diagnostic,) = caught.value.diagnostics
    least = discover_in_graph(separable(), DiscoveryOptions("fdt")).predicted_arena_bytes
    assert f"the smallest arena found is {least} bytes, at 0.0 % more" in diagnostic.message
    assert "'layer_2_init' (1152 bytes) in 'layer_1'" in diagnostic.message
    assert f"raise the limit by {least - 100} bytes" in (diagnostic.hint or "")


def test_strategies_keep_to_their_families():
    for strategy, families in (("none", set()), ("fdt", {"fdt"}), ("ffmt", {"ffmt"})):
        found = discover_in_graph(separable(), DiscoveryOptions(strategy, 1000))
        assert {path.family for path in found.paths} == families


def test_paper_uses_its_tile_counts_only():
    """200 units: 100 tiles of two, as `fdt` finds, are not among them; 25 tiles of eight are."""
    (path,) = discover_in_graph(dense_chain(100, 200, 100), DiscoveryOptions("paper")).paths
    assert path.tiles == (8,)


def test_paper_does_not_break_plateaus():
    """What the original cannot do: no single path is a strict improvement."""
    build = GraphBuilder()
    middle = build.window(build.window(build.input(8, 8, 2), 18), 2)
    build.window(build.window(middle, 16), 2)
    graph = build.graph(middle)
    paper, auto = (discover_in_graph(graph, DiscoveryOptions(s)) for s in ("paper", "auto"))
    assert not paper.paths
    assert len(auto.paths) == 2


def test_paper_never_passes_a_join():
    build = GraphBuilder()
    stem = build.window(build.input(8, 8, 2), 16)
    build.window(build.add(stem, stem), 2)
    graph = build.graph()
    assert discover_in_graph(graph, DiscoveryOptions("paper")).paths
    build = GraphBuilder()
    stem = build.window(build.input(8, 8, 2), 16)
    build.add(stem, build.window(stem, 16))
    assert not discover_in_graph(build.graph(), DiscoveryOptions("paper")).paths


def test_reasons():
    """In a path; small enough; at the peak, but too much work; nothing to be tiled with."""
    notes = discover_in_graph(dense_chain(100, 200, 100, 4), DiscoveryOptions()).explanation
    assert [note.path for note in notes] == [0, 0, None]
    assert notes[0].reason == "runs in 200 tiles with 1 other layer"
    assert notes[2].reason == "needs 416 bytes, less than the arena"
    (first, _) = discover_in_graph(conv_chain(), DiscoveryOptions("ffmt")).explanation
    assert "% more multiply-accumulates" in first.reason
    (only,) = discover_in_graph(dense_chain(100, 200), DiscoveryOptions()).explanation
    assert only.reason == "reads inputs of the model only, and no path with its readers helps"
    off = discover_in_graph(conv_chain(), DiscoveryOptions("none")).explanation
    assert {note.reason for note in off} == {"tiling is switched off"}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("seed", range(12))
def test_no_strategy_makes_it_worse(seed, strategy):
    """Never more memory than untiled, never more work than allowed, twice the same answer."""
    graph = random_graph(seed, layers=5)
    options = DiscoveryOptions(strategy, 10)
    found = discover_in_graph(graph, options)
    assert found.predicted_arena_bytes <= found.untiled_arena_bytes
    assert found.mac_overhead <= 0.10
    assert found == discover_in_graph(graph, options)
    auto = discover_in_graph(graph, DiscoveryOptions("auto", 10))
    assert auto.predicted_arena_bytes <= found.predicted_arena_bytes


def cifar_like():
    """32x32x3 f32; twice convolution and pooling, then dense."""
    build = GraphBuilder()
    x = build.input(32, 32, 3, element_bytes=4)
    for channels in (32, 64):
        x = build.window(x, channels, (3, 3))
        x = build.window(x, None, (2, 2), (2, 2), weighted=False)
    build.dense(x, 10)
    return build.graph()


def conv_tanh_pool(channels, kernel):
    """100x100x3 f32; twice convolution, tanh (part of its layer) and pooling."""
    build = GraphBuilder()
    x = build.input(100, 100, 3, element_bytes=4)
    for _ in range(2):
        x = build.window(x, channels, (kernel, kernel), pad=(kernel // 2, kernel // 2))
        x = build.window(x, None, (2, 2), (2, 2), weighted=False)
    return build.graph()


@pytest.mark.parametrize(
    ("graph", "strategy", "overhead", "share"),
    [
        (cifar_like(), "fdt", 0, 0.32),
        (cifar_like(), "auto", 0, 0.25),
        (conv_tanh_pool(10, 1), "auto", 0, 0.29),
        (conv_tanh_pool(11, 1), "auto", 0, 0.29),
        (conv_tanh_pool(10, 3), "auto", 12, 0.41),
        (conv_tanh_pool(11, 3), "auto", 12, 0.40),
    ],
)
def test_shapes_of_the_original(graph, strategy, overhead, share):
    """The networks of the original's tests, with the share of the untiled arena to reach."""
    found = discover_in_graph(graph, DiscoveryOptions(strategy, overhead))
    assert found.predicted_arena_bytes <= share * found.untiled_arena_bytes
