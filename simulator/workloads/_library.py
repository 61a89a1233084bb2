"""What programs in one process have in common."""

LIBRARY_LOCK = "log"
"""The lock of one class of the library: who writes a line of the log holds it."""
