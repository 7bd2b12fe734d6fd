"""docs/report.md: the keys of report.json, from its JSON schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

Schema = Mapping[str, Any]

_HEAD = """\
<!-- Written by `tools/docs`; edit python/fdt_mlir/report/report.schema.json instead. -->
# report.json

`fdt-compile -o FOLDER` writes it beside the C, and `--json` prints it: all that is known of a
compilation, for programs to read. `report.html` shows the same numbers to people. The same input
and options give the same bytes, on any machine.

The keys are stable, and all of them are always there. The JSON schema (draft 2020-12) is part of
the package, `fdt_mlir/report/report.schema.json`; the tests hold every report that they make
against it.

```sh
fdt-compile model.tflite --json > report.json
```
"""


def report_page() -> str:
    """Write the page: a table of the report's keys, and one for each kind of entry."""
    text = (files("fdt_mlir.report") / "report.schema.json").read_text(encoding="utf-8")
    schema: Schema = json.loads(text)
    parts = [_HEAD, f"\n## The report\n{schema['description']}\n\n", *_table(schema)]
    seen: list[Schema] = []
    for name, inner in _objects(schema, ""):
        if inner not in seen:
            seen.append(inner)
            parts += [f"\n## `{name}`\n{inner['description']}\n\n", *_table(inner)]
    return "".join(parts)


def _objects(schema: Schema, prefix: str) -> Iterator[tuple[str, Schema]]:
    """Everything below a schema that has keys of its own, by the path that leads there."""
    for key, value in schema["properties"].items():
        path = f"{prefix}{key}"
        if value["type"] == "array":
            value, path = value["items"], f"{path}[]"
        if "properties" in value:
            yield path, value
            yield from _objects(value, f"{path}.")


def _table(schema: Schema) -> Iterator[str]:
    yield "| key | type | meaning |\n|---|---|---|\n"
    for key, value in schema["properties"].items():
        yield f"| `{key}` | {_type(value)} | {_meaning(value)} |\n"


def _type(value: Schema) -> str:
    types = value["type"] if isinstance(value["type"], list) else [value["type"]]
    named = [f"list of {_type(value['items'])}s" if each == "array" else each for each in types]
    return " or ".join(named)


def _meaning(value: Schema) -> str:
    choices = ", ".join(f"`{choice}`" for choice in value.get("enum", ()))
    return value["description"] + (f": {choices}" if choices else "")
