"""The tasks of images, a module each; registered by being here."""
