"""Where secrets come from: one module a source, and the store through which profiles ask."""
