"""What a person would type to get to the same lab: in order, and with reasons."""
