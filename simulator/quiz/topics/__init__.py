"""One module for each topic: ``TITLE``, ``LEVELS`` and ``case(random, level)``."""
