"""A stand-in for the package of forms: a file with ``loss_and_grads``.

It lets the cage be tested for what the cage does, and nothing else.
"""


class Refused(Exception):  # noqa: N818
    def __init__(self, code, text, line=None):
        super().__init__(text)
        self.code, self.text, self.line = code, text, line


class Offer:
    def __init__(self, function):
        self.function = function
        self.many = "ONE_BY_ONE" not in function.__globals__

    def describe(self):
        return {"units": [{"object": "loss_and_grads"}]}

    def evaluate(self, unit, params, X, y, reg, gradients):
        return self.function(params, X, y, reg)

    def losses(self, unit, stacks, X, y, reg, prepare):
        found = []
        if not self.many:
            return None
        for i in range(len(stacks["W"])):
            prepare()
            params = {name: stack[i].copy() for name, stack in stacks.items()}
            found.append(self.function(params, X.copy(), y.copy(), reg)[0])
        return found


def load(source, path, objects):
    names = {"__name__": "submission", "__file__": path}
    exec(compile(source, path, "exec"), names)
    if "loss_and_grads" not in names:
        raise Refused("no-gradient", "has no loss_and_grads; define one", 1)
    return Offer(names["loss_and_grads"])
