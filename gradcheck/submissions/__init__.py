"""Files that people hand in: loaded, understood and run apart."""
