"""Rules about a whole lab, one file each; registered by being here."""
