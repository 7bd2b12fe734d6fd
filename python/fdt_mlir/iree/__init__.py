"""The second back end: the planned model as an IREE module, for those who ship IREE's runtime."""
