"""The tasks of a class, one module each."""
