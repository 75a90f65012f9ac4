"""The teacher's board: how the labs of a class stand, by the events that they wrote."""
