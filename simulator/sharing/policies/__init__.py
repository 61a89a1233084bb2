"""Schedulers: one file each, found by existing. A policy only chooses; the run queue keeps time and pays."""
