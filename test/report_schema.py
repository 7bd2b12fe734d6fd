"""What `report.json` has to be like."""

import json
from importlib.resources import files

SCHEMA = json.loads((files("fdt_mlir.report") / "report.schema.json").read_text(encoding="utf-8"))
