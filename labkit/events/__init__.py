"""What happened to a lab: signed JSON lines, each bound to the one before it."""
