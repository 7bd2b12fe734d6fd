"""report.html and pictures of the plan, drawn from the data of report.json."""
