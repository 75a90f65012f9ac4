"""What a lab was found to be, in one signed file that can be handed in."""
