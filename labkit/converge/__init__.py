"""Make a machine what its profiles say, in as few round trips as there can be."""
