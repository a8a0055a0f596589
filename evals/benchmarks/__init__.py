"""Benchmarks against public data that is not part of the project: `footnote eval --benchmark NAME --data DIR`."""
