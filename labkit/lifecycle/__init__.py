"""What can be done to a lab, one module a verb."""
