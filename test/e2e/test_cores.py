"""Every emulated core computes what the reference computes, by the code that is made for it."""

import pytest

from e2e.harness import check_outputs
from e2e.shared_models import shared_model
from fdt_mlir import api
from fdt_mlir.kernels.machine import MACHINES
from fdt_mlir.targets import TARGETS

CORES = [name for name, target in TARGETS.items() if target.board is not None]
# One core for each C that the compiler writes: what runs on it runs on the others from that too.
LEADERS = list({MACHINES[core]: core for core in reversed(CORES)}.values())
MODELS = [
    "kws_ref_model",
    "ad01_int8",
    pytest.param("vww_96_int8", marks=pytest.mark.slow),
    pytest.param("pretrainedResnet_quant", marks=pytest.mark.slow),
]


def test_all_cores_of_the_table_have_code():
    assert set(CORES) <= set(MACHINES)
    assert {MACHINES[core] for core in LEADERS} == {MACHINES[core] for core in CORES}


# Wrong if an instruction, an alignment or a width differs between the cores.
@pytest.mark.parametrize("leader", LEADERS)
@pytest.mark.parametrize("name", MODELS)
def test_cores_equal_the_reference(name: str, leader: str):
    path = shared_model(f"{name}.tflite")
    compiled = api.compile(path, target=leader)
    for core in CORES:
        if MACHINES[core] == MACHINES[leader]:
            title = f"{name} for {leader} on {core}"
            check_outputs(title, compiled, path, core, random_inputs=3, constant_inputs=1)
