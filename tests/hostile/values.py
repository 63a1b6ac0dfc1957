"""Values that are not what they seem, and honest ones that only look odd."""

from . import kind

kind("loss-nan", "wrong", back="loss = float('nan')")
kind("loss-infinite", "wrong", back="loss = np.inf")
kind("loss-none", "none", back="loss = None")
kind("loss-complex", "complex", back="loss = loss + 1j")
kind("loss-text", "not-numbers", back="loss = '1.0'")
kind("loss-of-400-digits", "not-numbers", back="loss = 10**400")
kind("loss-a-vector", "loss-not-scalar", back="loss = np.ones(5)")
kind("loss-one-by-one", "right", back="loss = np.array([[loss]])")
kind("loss-true", "not-numbers", back="loss = True")
kind("gradient-none", "none", back="grads['W'] = None")
kind("gradient-missing", "missing-gradient", back="del grads['W']")
kind("gradient-complex", "complex", back="grads['W'] = grads['W'] + 0j")
kind(
    "gradient-of-objects", "not-numbers", back="grads['W'] = grads['W'].astype(object)"
)
kind("gradient-ragged", "not-an-array", back="grads['W'] = [[1.0], [1.0, 2.0]]")
kind("gradient-of-text", "not-numbers", back="grads['W'] = grads['W'].astype(str)")
kind("gradient-nan", "wrong", back="grads['W'] = grads['W'] * np.nan")
kind("gradient-nested-lists", "right", back="grads['W'] = grads['W'].tolist()")
kind("gradient-transposed", "shape-mismatch", back="grads['W'] = grads['W'].T")
kind("gradient-of-dates", "not-numbers", back="grads['W'] = np.ones((3, 4), 'M8[s]')")
kind("gradient-of-records", "not-numbers", back="grads['W'] = np.ones((3, 4), 'f8,f8')")
kind("gradients-none", "no-gradients", back="grads = None")
kind(
    "gradients-a-generator",
    "missing-gradient|no-gradients",
    back="grads = (g for g in ())",
)
kind("gradients-a-number", "no-gradients", back="grads = 3.0")
kind("nothing-returned", "raised", back="return None")
kind("three-returned", "raised", back="return loss, grads, None")
kind(
    "negative-strides",
    "right",
    back="grads['W'] = np.ascontiguousarray(grads['W'][::-1, ::-1])[::-1, ::-1]",
)
kind("read-only", "right", back="grads['W'].flags.writeable = False")
kind("fortran-order", "right", back="grads['W'] = np.asfortranarray(grads['W'])")
kind("big-endian", "right", back="grads['W'] = grads['W'].astype('>f8')")
kind("masked", "right", back="grads['W'] = np.ma.array(grads['W'])")
kind(
    "float32",
    "wrong",
    back="grads['W'] = grads['W'].astype(np.float32)",
)
kind("integers", "wrong", back="grads['W'] = grads['W'].astype(int)")
kind(
    "lying-shape",
    "right",
    top="""
class Liar(np.ndarray):
    shape = property(lambda self: (99,))
    size = property(lambda self: 99)
    dtype = property(lambda self: np.dtype(complex))
    def __eq__(self, other): return True
    def tobytes(self): return b''
    def astype(self, *args): raise RuntimeError
    def __array__(self, *args, **options): raise RuntimeError
""",
    back="grads['W'] = grads['W'].view(Liar)",
)
kind(
    "lying-eq",
    "wrong",
    top="""
class Equal(float):
    def __eq__(self, other): return True
    def __hash__(self): return 0
    def __float__(self): return 1.0
""",
    back="loss = Equal(3.0)",
)
kind(
    "lying-array",
    "wrong",
    top="""
class Other:
    def __init__(self, value): self.value, self.turn = value, 0
    def __array__(self, *args, **options):
        self.turn += 1
        return self.value * self.turn + 1.0
""",
    back="grads['W'] = Other(grads['W'])",
)
kind(
    "array-of-a-subclass",
    "not-numbers|right|not-an-array|raised",
    top="""
class Odd:
    def __array__(self, *args, **options): return [1, 2]
""",
    back="grads['W'] = Odd()",
)
kind(
    "evil-interface",
    "killed",
    top="""
class Evil:
    __array_interface__ = dict(
        shape=(3, 4), typestr="<f8", data=(8, False), version=3
    )
""",
    back="grads['W'] = Evil()",
)
kind(
    "dict-that-lies",
    "wrong",
    top="""
class Lies(dict):
    def __contains__(self, name): return True
    def __getitem__(self, name): return np.zeros((3, 4) if name == "W" else ())
    def keys(self): return [1, 2]
    def __iter__(self): raise RuntimeError
""",
    back="grads = Lies()",
)
kind(
    "dict-that-raises",
    "raised|no-gradients",
    top="""
class Raises(dict):
    def __contains__(self, name): raise ZeroDivisionError
""",
    back="grads = Raises()",
)
kind(
    "dict-that-exits",
    "exit",
    top="""
class Exits(dict):
    def __contains__(self, name): raise SystemExit(0)
""",
    back="grads = Exits()",
)
kind(
    "inputs-destroyed",
    "right",
    back="for array in (params['W'], X, y): array *= 0\nparams.clear()",
)
kind(
    "result-changed-later",
    "right",
    call="if CALLS == 1: threading.Thread(target=spoil, daemon=True).start()",
    back="KEPT.append(grads['W'])",
    top="""
KEPT = []
def spoil():
    while True:
        for array in list(KEPT): array += 1e-3
        time.sleep(0.2)
""",
)
kind(
    "patched-numpy",
    "right",
    top="""
for name in ("asarray", "array", "ascontiguousarray", "frombuffer", "prod", "isfinite"):
    setattr(np, name, lambda *args, **options: None)
np.ndarray = np.float64 = int
""",
)
kind(
    "fake-numpy",
    "right",
    top="""
import types
sys.modules["numpy"] = types.ModuleType("numpy")
sys.modules["struct"] = sys.modules["json"] = sys.modules["random"] = None
""",
)
kind(
    "patched-builtins",
    "exit|failed|raised",
    top="""
import builtins
builtins.float = builtins.bytes = builtins.sum = builtins.isinstance = None
""",
    back="return loss, grads",
)
kind(
    "hidden-in-a-map",
    "right",
    back="""
held = np.memmap("held.bin", float, "w+", shape=(3, 4))
held[:] = grads["W"]
grads["W"] = held
""",
)
kind(
    "sets-the-switches",
    "right",
    top="""
np.seterr(all="raise")
import warnings; warnings.simplefilter("error")
sys.setswitchinterval(1e-9); gc.disable(); gc.set_threshold(1)
sys.dont_write_bytecode = False
""",
    call="np.array([0.0]) / 0.0; warnings.warn('loud')",
)
kind(
    "leaves-a-tracer",
    "right",
    call="""
def trace(*args): raise BrokeOut if CALLS < 0 else None
sys.settrace(lambda *args: None); sys.setprofile(lambda *args: None)
""",
)
kind(
    "seeds-are-set",
    "right",
    call="""
import random
drawn = (np.random.rand(), random.random())
SEEN.add(drawn)
if len(SEEN) != 1: raise BrokeOut(SEEN)
""",
    top="SEEN = set()",
)
