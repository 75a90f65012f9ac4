"""Prove that a running lab is what lab.yml says."""
