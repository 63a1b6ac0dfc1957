"""A class of submissions: found, checked side by side, marked, and reported."""
