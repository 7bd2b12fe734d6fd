"""The Zephyr module: its metadata by Zephyr's rules, its sample built against a stub of Zephyr."""

from pathlib import Path

import kconfiglib
import pytest
import yaml

from package.commands import STUBS, run_well
from package.conftest import Packaged

pytestmark = pytest.mark.xdist_group("package")

# What Zephyr's own tree declares of the options that the sample sets.
KCONFIG_OF_ZEPHYR = """
config SPEED_OPTIMIZATIONS
	bool "Optimize for speed"
config MAIN_STACK_SIZE
	int "Size of the stack of the main thread"
	default 1024
"""


def test_module_description_leads_to_files(packaged: Packaged) -> None:
    module = packaged.folder / "zephyr"
    description = yaml.safe_load((module / "zephyr" / "module.yml").read_text())
    assert description == {
        "name": "kws",
        "build": {"cmake": ".", "kconfig": "Kconfig"},
        "samples": ["samples"],
    }
    assert (module / description["build"]["cmake"] / "CMakeLists.txt").is_file()
    assert (module / description["build"]["kconfig"]).is_file()


def test_configuration_of_the_sample_selects_the_model(packaged: Packaged, tmp_path: Path) -> None:
    module = packaged.folder / "zephyr"
    root = tmp_path / "Kconfig"
    root.write_text(f'{KCONFIG_OF_ZEPHYR}\nsource "{module}/Kconfig"\n')
    configuration = kconfiglib.Kconfig(str(root), warn_to_stderr=False)
    option = configuration.syms["FDT_MODEL_KWS"]
    assert option.str_value == "n", "a module must not build its model unasked"
    configuration.load_config(str(module / "samples" / "kws" / "prj.conf"))
    assert configuration.warnings == []
    assert option.str_value == "y"


def test_sample_is_one_that_twister_can_check(packaged: Packaged) -> None:
    sample = yaml.safe_load((packaged.folder / "zephyr/samples/kws/sample.yaml").read_text())
    (test,) = sample["tests"].values()
    (pattern,) = test["harness_config"]["regex"]
    assert any(pattern in line for line in packaged.printed)


def test_sample_prints_the_outputs(packaged: Packaged, tmp_path: Path) -> None:
    sample = packaged.folder / "zephyr" / "samples" / "kws"
    stub = {"Zephyr_DIR": str(STUBS / "zephyr")}
    run_well("cmake", "-S", sample, "-B", tmp_path, environment=stub)
    run_well("cmake", "--build", tmp_path)
    assert run_well(tmp_path / "app").splitlines() == packaged.printed
