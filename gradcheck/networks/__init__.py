"""What the gradient should be: reference networks, forward and backward."""
