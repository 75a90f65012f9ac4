"""labkit: real labs from one file."""

__version__ = "0.1.0"
