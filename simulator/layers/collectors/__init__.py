"""Collectors of a Java virtual machine: one file each, found by existing. The class is the module's ``COLLECTOR``."""
