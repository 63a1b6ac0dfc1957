"""Stand-ins for modules that a submission imports and that are not there.

A course's own helpers (loaders, plots, compiled extensions) are rarely handed in with
the homework. Those whose meaning is fixed, such as ``past.builtins.xrange`` or a
``relu_backward``, are given; everything else becomes a placeholder that may be
imported and passed around, and that says which module is missing when it is used.
"""

import sys
import types
from typing import Any

import numpy as np

from .course import LAYERS


class MissingHelperError(Exception):
    """A placeholder was used: the work needs a module that is not there."""


class _Placeholder:
    """Stands for something imported from a module that is not there."""

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name
        self.__dict__["__name__"] = name.rsplit(".", 1)[-1]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Placeholder(f"{self._name}.{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__[name] = value

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and isinstance(args[0], types.FunctionType):
            return args[0]  # a decorator
        if self._name.split(".")[0] in _HARMLESS:
            return _Placeholder(f"{self._name}()")
        if kwargs and not args and self._name.split(".")[0] in _DECORATORS:
            return lambda function: function
        raise MissingHelperError(self._name)

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:
        return (object,)

    def __iter__(self) -> Any:
        if self._name.split(".")[0] in _HARMLESS:
            return iter((self, self))
        raise MissingHelperError(self._name)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: Any) -> None:
        return None

    def __getitem__(self, key: Any) -> Any:
        return self


_HARMLESS = frozenset({
    "matplotlib", "plt", "pylab", "seaborn", "tqdm", "IPython", "ipywidgets", "logging",
    "wandb", "tensorboardX", "termcolor", "colorama", "mpl_toolkits", "plotly", "bokeh",
})  # fmt: skip
_DECORATORS = frozenset({"numba", "line_profiler", "memory_profiler", "ray", "joblib"})


def _sigmoid(x: Any, *_: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-np.asarray(x, dtype=float)))


def _relu(x: Any) -> Any:
    return np.maximum(0, x)


def _softmax(x: Any) -> Any:
    axis = -1 if np.ndim(x) > 1 else 0
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def _column_softmax(x: Any) -> Any:
    e = np.exp(x - np.max(x, axis=0, keepdims=True))
    return e / np.sum(e, axis=0, keepdims=True)


def _cached(function: Any) -> Any:
    return lambda z: (function(z), z)


def _sigmoid_backward(dA: Any, cache: Any) -> Any:
    s = _sigmoid(cache)
    return dA * s * (1 - s)


def _relu_backward(dA: Any, cache: Any) -> Any:
    return np.where(np.asarray(cache) > 0, dA, 0.0)


def _softmax_columns(x: Any) -> Any:
    y = x.T - np.max(x.T, axis=0) if x.ndim == 2 else x - np.max(x)
    y = np.exp(y) / np.sum(np.exp(y), axis=0)
    return y.T


def _cross_entropy_error(y: Any, t: Any) -> Any:
    y, t = np.atleast_2d(y), np.asarray(t)
    t = np.atleast_2d(t).argmax(axis=1) if t.size == y.size else t.ravel()
    return -np.sum(np.log(y[np.arange(len(y)), t])) / len(y)


class _OneHotEncoder:
    """As much of scikit-learn's encoder as homework uses."""

    def __init__(self, *_: Any, **options: Any) -> None:
        sparse = options.get("sparse_output", options.get("sparse", True))
        self._sparse = sparse

    def fit(self, y: Any, *_: Any) -> Any:
        self._values = np.unique(np.asarray(y).ravel())
        self.categories_ = [self._values]
        return self

    def transform(self, y: Any) -> Any:
        hot = (np.asarray(y).ravel()[:, None] == self._values).astype(float)
        return hot.view(_Dense) if self._sparse else hot

    def fit_transform(self, y: Any, *_: Any) -> Any:
        return self.fit(y).transform(y)


class _LabelBinarizer(_OneHotEncoder):
    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__(sparse=False)


class _Dense(np.ndarray):
    def toarray(self) -> Any:
        return np.asarray(self)

    todense = as_matrix = to_numpy = toarray
    values = property(toarray)


def _get_dummies(y: Any, *_: Any, **options: Any) -> Any:
    return _OneHotEncoder().fit_transform(y).astype(options.get("dtype", float))


def _to_categorical(y: Any, num_classes: Any = None, **_: Any) -> Any:
    y = np.asarray(y, dtype=int).ravel()
    return np.eye(int(num_classes or y.max() + 1))[y]


_COURSERA: dict[str, Any] = {"sigmoid": _sigmoid, "relu": _relu}
_CACHED: dict[str, Any] = {
    "sigmoid": _cached(_sigmoid), "relu": _cached(_relu),
    "sigmoid_backward": _sigmoid_backward, "relu_backward": _relu_backward,
    "softmax": _cached(_column_softmax),
}  # fmt: skip
_DLFS: dict[str, Any] = {
    "sigmoid": _sigmoid, "relu": _relu, "softmax": _softmax_columns,
    "cross_entropy_error": _cross_entropy_error, "identity_function": lambda x: x,
    "sigmoid_grad": lambda x: _sigmoid(x) * (1 - _sigmoid(x)),
    "relu_grad": lambda x: np.where(np.asarray(x) >= 0, 1.0, 0.0),
}  # fmt: skip
KNOWN: dict[str, dict[str, Any]] = {
    "past.builtins": {"xrange": range, "basestring": str, "unicode": str, "long": int},
    "builtins": {},
    "six.moves": {"xrange": range, "range": range, "zip": zip, "map": map},
    "six": {"iteritems": lambda d: iter(d.items())},
    "future.utils": {"iteritems": lambda d: iter(d.items())},
    "gc_utils": {**_COURSERA}, "gc_utils_v2": {**_COURSERA},
    "init_utils": {**_COURSERA}, "reg_utils": {**_COURSERA},
    "opt_utils": {**_COURSERA}, "planar_utils": {"sigmoid": _sigmoid},
    "dnn_utils": {**_CACHED}, "dnn_utils_v2": {**_CACHED}, "dnn_app_utils_v2": _CACHED,
    "dnn_app_utils": {**_CACHED}, "dnn_app_utils_v3": _CACHED,
    "q1_softmax": {"softmax": _softmax}, "q2_sigmoid": {
        "sigmoid": _sigmoid, "sigmoid_grad": lambda f: f * (1 - f)},
    "common.functions": _DLFS, "common.layers": LAYERS,
    "sklearn.preprocessing": {
        "OneHotEncoder": _OneHotEncoder, "LabelBinarizer": _LabelBinarizer},
    "pandas": {"get_dummies": _get_dummies},
    "keras.utils": {"to_categorical": _to_categorical},
    "keras.utils.np_utils": {"to_categorical": _to_categorical},
    "tensorflow.keras.utils": {"to_categorical": _to_categorical},
}  # fmt: skip


class StubModule(types.ModuleType):
    """A module that is not there: what is known of it, and placeholders."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        self.__all__ = list(KNOWN.get(name, {}))
        self.__dict__.update(KNOWN.get(name, {}))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        full = f"{self.__name__}.{name}"
        return sys.modules.get(full) or _Placeholder(full)


_OLD_NUMPY = {
    "int": int, "float": float, "object": object, "str": str, "complex": complex,
    "float_": np.float64, "infty": np.inf, "Inf": np.inf, "NaN": np.nan,
    "NAN": np.nan, "PINF": np.inf, "product": np.prod, "alltrue": np.all,
    "sometrue": np.any, "row_stack": np.vstack, "cumproduct": np.cumprod,
    "asscalar": lambda a: np.asarray(a).item(), "unicode_": np.str_,
    "in1d": np.isin, "trapz": getattr(np, "trapezoid", None),
    "asfarray": lambda a, dtype=float: np.asarray(a, dtype=dtype),
    "mat": np.asmatrix, "complex_": np.complex128, "msort": lambda a: np.sort(a, 0),
}  # fmt: skip


_reshape: Any = np.reshape


def _old_reshape(a: Any, *args: Any, newshape: Any = None, **more: Any) -> Any:
    return _reshape(a, *(args if newshape is None else (newshape,)), **more)


def restore_old_numpy() -> None:
    """Give numpy the names that it has dropped and that older homework uses."""
    np.reshape = _old_reshape
    for name, value in _OLD_NUMPY.items():
        if name not in np.__dict__ and value is not None:
            setattr(np, name, value)
    if "bool" not in np.__dict__:  # numpy before 2.0
        setattr(np, "bool", bool)  # noqa: B010
    if "random_integers" in dir(np.random):
        return
    draw = np.random.randint
    np.random.random_integers = lambda low, high=None, size=None: draw(
        1 if high is None else low, (high or low) + 1, size
    )
