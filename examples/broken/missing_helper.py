"""Needs a module of the course that was not handed in."""

from course_helpers import fancy_affine


class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size):
        import numpy as np

        self.params = {
            "W1": np.zeros((input_size, hidden_size)),
            "b1": np.zeros(hidden_size),
            "W2": np.zeros((hidden_size, output_size)),
            "b2": np.zeros(output_size),
        }

    def loss(self, X, y=None, reg=0.0):
        return fancy_affine(X, y, reg, self.params)
