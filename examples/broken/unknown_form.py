"""Functions that nobody could guess the meaning of."""


def alpha_pass(quux, frob):
    return quux * frob


def omega(zork):
    return zork + 1
