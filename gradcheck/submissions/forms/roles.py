"""What part an argument plays, by what people call it."""

import re
from functools import lru_cache

_ROLES = (
    (
        "y",
        r"y|ys|y_?(tr|train|test|true|batch|data|hot|one_?hot|onehot|enc|mat|matrix|s|vec)"
        r"|t|ts|labels?|targets?|one_?hot(_?y|_?labels)?|ground_?truth|expected"
        r"|truth|y_active|train_?labels?|train_?y|batch_?(y|labels)|classes"
        r"|labels_?(active|batch|train|one_?hot)|desired(_?output)?|output_?data"
        r"|(targets?|labels?|desired|y)_?(list|vec(tor)?|array|values?|set)",
    ),
    (
        "X",
        r"x|xs|x_?(tr|train|test|batch|data|active|in|input|bias)|data|inputs?|features?"
        r"|images?|img|samples?|a_?0|train_?(x|data)|batch_?x|input_?data|points"
        r"|input_?(layer|vec(tor)?|x)|(inputs?|features?|x)_?(list|array|values?|set)",
    ),
    (
        "reg",
        r"reg|regs|\w*lambda\w*|lambd\w*|lam|lamb|lamda\w*|lmbd\w*"
        r"|lb|lbda?|lmda?"
        r"|l2|l2_?(reg|lambda|penalty|strength)|reg_?(strength|param|lambda|rate)"
        r"|lambda_?reg|weight_?decay|wd|regularization\w*|regulari[sz]er|decay_?l2",
    ),
    (
        "lr",
        r"lr|learning_?rates?|alpha|eta|step_?size|lrate|l_?rate|step|rate|epsilon_lr",
    ),
    (
        "N",
        r"m|n_?(samples?|examples?|data|data_?active|batch|train|obs)?|batch_?size"
        r"|batch|minibatch(_size)?|num_?(samples?|examples?|train|data|points)|bs"
        r"|mini_?batch_?size|size",
    ),
    ("keep", r"keep_?probs?|keep"),
    (
        "epochs",
        r"epochs?|num_?(iters?|epochs?|iterations)|n_?(iters?|epochs?|iterations?)"
        r"|iters?|iterations?|max_?iter\w*|niter|steps|(n|nb|num)_?(of_?)?(iter|step)s?"
        r"|(nb|num_?of|n_?of)_?(iterations?|epochs?)",
    ),
    (
        "D",
        r"n_?x|n_?in(put)?s?|input_?(size|dims?|nodes|units|layer_?size|neurons"
        r"|features|shape|layer_?dim)|in_?(dims?|features?|size|channels?)"
        r"|num_?(inputs?|features?)|d_?in|n_?features?|dim|inodes|input_?n"
        r"|n_?input_?(nodes|units)|inputs_?size|nin|numinputs?|num_?input_?nodes|dx"
        r"|inputnodes|inputsize|ni|size_?in|inputlayersize",
    ),
    (
        "H",
        r"n_?h\w*|hidden\w*|h|dh|num_?hidden\w*|hnodes|n_?hid\w*|nhid\w*|numhidden|nh"
        r"|units|n_?units|hid_?size|hiddensize|size_?hidden",
    ),
    (
        "C",
        r"n_?y|n_?out(put)?s?|output_?(size|dims?|nodes|units|layer_?size|neurons)"
        r"|out_?(dims?|features?|size|channels?)|num_?(outputs?|classes|labels)"
        r"|n_?class(es)?|k|d_?out|c|onodes|nout|dy|n_?labels?|n_?categories"
        r"|num_?output_?nodes|outputnodes|outputsize|no|size_?out|numoutputs?"
        r"|outputlayersize",
    ),
    (
        "dims",
        r"layer_?s?_?(dims?|sizes?|nodes|units|structure)|layout|sizes|layers|dimensions"
        r"|dims|nodes|architecture|layer_?list|shape|structure|net_?(arch|size)"
        r"|neurons|topology",
    ),
    (
        "params",
        r"params?|parameters?|theta|thetas|weights?|network|model|nn_?params?"
        r"|net|ws|wb|params_?(values|dict)|initial_?params?|p|all_?params?"
        r"|nn_?parameters?|coefs?|weights_?biases|parameter|wts?",
    ),
    (
        "flag",
        r"verbose|debug|print\w*|train|training|is_?train(ing)?|mode|plot|test"
        r"|train_?flg|show",
    ),
    (
        "scale",
        r"std|weight_?scale|weight_?init_?std|init_?scale|sigma|scale|epsilon"
        r"|eps",
    ),
    ("dtype", r"dtype"),
    ("seed", r"seed|random_?(state|seed)"),
)
_ROLES_RE = tuple((role, re.compile(f"(?:{p})", re.IGNORECASE)) for role, p in _ROLES)
_EXACT = {"N": "N", "X": "X", "Y": "y", "T": "y", "D": "D", "H": "H", "C": "C"}


@lru_cache(4096)
def role_of(name: str) -> str:
    """Return the role that a name usually plays, or an empty string."""
    bare = name.strip("_")
    if bare in _EXACT:
        return _EXACT[bare]
    for role, pattern in _ROLES_RE:
        if pattern.fullmatch(bare):
            return role
    return ""
