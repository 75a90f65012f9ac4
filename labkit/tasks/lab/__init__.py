"""The tasks of a lab, a module each; registered by being here."""
