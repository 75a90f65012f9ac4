"""Keys, pinned host keys and one kept-open connection a machine."""
