"""Run labkit as `labkit` or `python -m labkit`."""
