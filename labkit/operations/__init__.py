"""Kinds of wanted state, one module each; registered by being here."""
