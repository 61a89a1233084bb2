"""How right virtlab is: published tables against predictions, with what was fitted and why a row misses."""
