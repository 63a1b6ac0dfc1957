"""The forms in which people hand gradients in, and how to call each.

Runs next to the submission, in the child: numpy and the standard library only, and
nothing of gradcheck but its own modules, imported relatively.

`load` finds out what a file offers: from its syntax tree and signatures first, then
by calling it on a small problem whose sizes are all distinct. A reading is kept only
if it gives a finite loss and a gradient of every parameter's shape; what remains
ambiguous is refused, not guessed.
"""

from .loading import load
from .offer import Offer
from .refusal import Refused
from .rehearsal import REHEARSAL, REHEARSED

__all__ = ["REHEARSAL", "REHEARSED", "Offer", "Refused", "load"]
