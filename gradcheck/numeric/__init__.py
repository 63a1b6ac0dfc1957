"""What the loss says about its derivative, by evaluation alone."""
