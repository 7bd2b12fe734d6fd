"""Keeps the programs that these tests build out of the user's cache."""

import os
import tempfile

import pytest


@pytest.fixture(autouse=True, scope="session")
def own_temporary_folder(tmp_path_factory: pytest.TempPathFactory):
    folder = str(tmp_path_factory.mktemp("programs"))
    previous = tempfile.tempdir, os.environ.get("TMPDIR")
    tempfile.tempdir = os.environ["TMPDIR"] = folder
    yield
    tempfile.tempdir = previous[0]
    if previous[1] is None:
        del os.environ["TMPDIR"]
    else:
        os.environ["TMPDIR"] = previous[1]
