"""The search against trying every set of regions."""

from itertools import combinations, pairwise

import pytest
from path_graphs import GraphBuilder, random_graph

from fdt_mlir.paths.cost import tile_program
from fdt_mlir.paths.regions import Candidate, candidate_tables
from fdt_mlir.paths.search import Search


def all_candidates(graph):
    """Candidates by (least memory, work, tiles): those that another beats in all three are left
    out, which no set of regions can regret.
    """
    found: dict[tuple[int, int], list[Candidate]] = {}
    for table in candidate_tables(graph):
        for row in range(len(table)):
            candidate = table.candidate(row)
            found.setdefault((candidate.first, candidate.end), []).append(candidate)
    kept: list[Candidate] = []
    for same in found.values():
        same.sort(key=lambda c: (c.peak_bytes, max(0, c.extra_macs), c.tiles))
        for candidate in same:
            if not any(
                other.end == candidate.end
                and other.first == candidate.first
                and max(0, other.extra_macs) <= max(0, candidate.extra_macs)
                and other.tiles <= candidate.tiles
                for other in kept
            ):
                kept.append(candidate)
    return kept


def disjoint(regions):
    ordered = sorted(regions, key=lambda region: region.first)
    return all(one.end < other.first for one, other in pairwise(ordered))


def every_set(graph):
    """All sets of regions that do not interleave, with the live bytes of the flattened program."""
    candidates = all_candidates(graph)
    for count in range(len(graph.layers) // 2 + 1):
        for regions in combinations(candidates, count):
            if disjoint(regions):
                yield regions, max(tile_program(graph, regions).live_bytes())


def cost(regions):
    work = sum(max(0, region.extra_macs) for region in regions)
    return work, sum(region.tiles for region in regions), len(regions)


@pytest.mark.parametrize("seed", range(40))
def test_least_work_within_every_limit(seed):
    """No set of regions beats the search, for any limit of live bytes."""
    graph = random_graph(seed, layers=4 + seed % 2, extent=4)
    sets = list(every_set(graph))
    search = Search(graph, list(candidate_tables(graph)))
    for limit in sorted({live for _, live in sets}):
        best = min(cost(regions) for regions, live in sets if live <= limit)
        found = search.within(limit)
        assert found is not None
        assert found.needs_bytes <= limit
        assert cost(found.regions) == best
    assert search.within(min(live for _, live in sets) - 1) is None


@pytest.mark.parametrize("seed", range(40))
def test_the_front_is_complete_and_ordered(seed):
    """Every smallest arena for its work is on the front, from untiled to the least memory."""
    graph = random_graph(seed, layers=5)
    search = Search(graph, list(candidate_tables(graph)))
    front = search.front()
    sizes = [choice.needs_bytes for choice in front]
    assert sizes == sorted(set(sizes), reverse=True)
    assert front[0].regions == ()
    assert search.within(sizes[-1] - 1) is None
    for choice in front:
        assert max(tile_program(graph, choice.regions).live_bytes()) == choice.needs_bytes


def test_plateaus_are_broken_by_several_paths_at_once():
    """Two peaks of the same size: one path alone gains nothing."""
    build = GraphBuilder()
    middle = build.window(build.window(build.input(8, 8, 2), 18), 2)
    build.window(build.window(middle, 16), 2)
    graph = build.graph(middle)  # an output cannot be inside of a path
    front = Search(graph, list(candidate_tables(graph))).front()
    untiled, least = front[0], front[-1]
    assert tile_program(graph, []).live_bytes().count(untiled.needs_bytes) == 3
    assert [region.members for region in least.regions] == [(0, 1), (2, 3)]
    for region in least.regions:
        assert max(tile_program(graph, [region]).live_bytes()) == untiled.needs_bytes
