"""Random models, compared with the reference, and damaged files; see docs/testing.md."""
