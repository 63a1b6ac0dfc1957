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
        for points, gradients in ((1, False), (1, True), (3, False)):
            arrays = {n: np.ones((points, *s)) for n, s in forms.REHEARSED.items()}
            listed, blobs = wire.pack_arrays({**arrays, "/X": X, "/y": y})
            head = {
                "unit": 0, "arrays": listed, "points": points, "reg": 0.1, "seed": 0,
                "parameters": list(arrays), "gradients": gradients, "count": False,
            }  # fmt: skip
            accused.answer(trial, wire.EVALUATE, wire.pack_body(head, blobs))
    finally:
        trial.offer.close()
