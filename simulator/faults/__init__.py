"""Faults: what fails as a whole, what goes with it, what code that has broken out reaches, and how it is set up again.

``components``: the things on a machine that fail, found in its tree. ``kinds``: what may happen to one, a module each.
``boundaries``: what lies between two tenants. ``striking``: a fault while time runs; ``recovery``: what comes after it.
"""
