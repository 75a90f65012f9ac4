"""What only several machines together can show, one module each."""
