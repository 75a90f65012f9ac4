"""From the spec to the plan: pure, and derived from names only."""
