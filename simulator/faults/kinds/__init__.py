"""Kinds of fault, a module each, with a class ``KIND``; found by being there."""
