"""Ways of making machines, one module each."""
