"""Sheets of paper for a class's students: which machines they have, and how to log in."""
