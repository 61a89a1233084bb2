"""Kinds of operation, a module each: found by being there."""
