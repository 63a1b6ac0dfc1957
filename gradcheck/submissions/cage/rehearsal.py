"""Does once, with a file of ours, all that is done with a submission.

What is run for the second time is quicker: the interpreter has read it, and in a fork
the memory that it writes to is the process's own by then.
"""

from typing import Any

import numpy as np

from . import accused, wire


def run(forms: Any) -> None:
    """Load the file that `forms` rehearses with, and ask it for what a judge asks."""
    trial = accused.Accused(forms, 1, {})
    trial.load({"path": "/rehearsal.py", "objects": ()}, forms.REHEARSAL)
    try:
        X, y = np.ones((4, 3)), np.arange(4) % 2
        arrays = {name: np.ones((1, *s)) for name, s in forms.REHEARSED.items()}
        listed, blobs = wire.pack_arrays({**arrays, "/X": X, "/y": y})
        for gradients in (False, True, False):
            head = {
                "unit": 0, "arrays": listed, "points": 1, "parameters": list(arrays),
                "gradients": gradients, "reg": 0.1, "seed": 0, "count": False,
            }  # fmt: skip
            accused.answer(trial, wire.EVALUATE, wire.pack_body(head, blobs))
    finally:
        trial.offer.close()
