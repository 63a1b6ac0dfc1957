"""The child's side: everything that runs next to a submission's code.

Nothing in here knows of gradients or imports gradcheck. ``boot.py`` is run by path and
loads this folder under a private name, so that the child never has the package, nor a
reference solution, among its modules.
"""
