"""What holds for all tests: reports keep to the schema, and time is no matter."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest
from hypothesis import settings

from report_schema import SCHEMA

# A slow or busy machine is no failure.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def _reports_keep_to_the_schema() -> Iterator[None]:
    from fdt_mlir import api

    make = api.build_report
    validator = jsonschema.Draft202012Validator(SCHEMA)

    def make_and_validate(*arguments: Any) -> Mapping[str, Any]:
        report = make(*arguments)
        validator.validate(json.loads(json.dumps(report)))
        return report

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "build_report", make_and_validate)
        yield
