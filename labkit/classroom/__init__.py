"""A whole class from one roster: each student has a lab of their own, made of one lab file.

Everything of a student's lab follows from the classroom's name and the student's. Nothing here
looks at positions in a roster or at other students.
"""
