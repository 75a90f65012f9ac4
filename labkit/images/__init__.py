"""What machines boot from, built or fetched once and cached by digest."""
