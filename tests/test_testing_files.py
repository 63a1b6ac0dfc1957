"""Files as subjects: their networks item by item, their layers as a whole."""

import pytest
from written import BIAS_SUMMED

from gradcheck.errors import GradientMismatchError
from gradcheck.testing import checks_for, examine, parametrize_with_checks

LAYER = """
def affine_forward(x, w, b):
    return x @ w + b, (x, w)

def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, 2 * dout.sum(axis=0)
"""


def reason(check):
    """Return the first line of a failure, or nothing."""
    try:
        check()
    except GradientMismatchError as error:
        return str(error).split("\n")[0]
    return ""


def test_a_network_in_a_file_is_checked_item_by_item(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(BIAS_SUMMED, encoding="utf-8")
    checks = {check.id: check for check in checks_for(f"{path}:loss_and_grads")}
    assert checks["W-N7-reg0.1"].subject == "loss_and_grads"
    assert reason(checks["W-N7-reg0.1"]) == ""
    assert reason(checks["b-N7-reg0.1"]).startswith("wrong: b at N = 7, reg = 0.1")
    assert reason(checks["specified-loss"]) == ""


def test_layers_in_a_file_are_checked_as_a_whole(tmp_path):
    path = tmp_path / "layers.py"
    path.write_text(LAYER, encoding="utf-8")
    reasons = {check.id: reason(check) for check in checks_for(path)}
    wrong = [id for id, text in reasons.items() if text]
    assert len(wrong) == 1
    assert reasons[wrong[0]].startswith(f"wrong: {wrong[0]}: grads['{wrong[0]}'][")
    assert {"mutates-input", "linear-upstream"} & set(reasons)


def test_items_of_files_carry_their_names(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text(BIAS_SUMMED, encoding="utf-8")
    mark = parametrize_with_checks([tmp_path / "one.py", tmp_path / "two.py"]).mark
    ids = [item.id for item in mark.args[1]]
    assert {"one-W-N7-reg0.1", "two-batch-mean"} < set(ids)


def test_a_file_that_does_not_run_is_broken(tmp_path):
    path = tmp_path / "net.py"
    path.write_text("import nowhere\n", encoding="utf-8")
    report = examine(path, network="linear")
    assert report.verdict.value == "broken"
    with pytest.raises(Exception, match=r"net\.py"):
        list(checks_for(path))


def test_each_network_of_a_file_shows_by_name(tmp_path):
    path = tmp_path / "both.py"
    right = BIAS_SUMMED.replace("loss_and_grads", "fast").replace(
        "(axis=0)}", "(axis=0) / N}"
    )
    path.write_text(f"{BIAS_SUMMED}\n{right}", encoding="utf-8")
    found = list(checks_for(path))
    reasons = {check.id: reason(check) for check in found}
    assert len(reasons) == len(found)  # no id twice
    wrong = {id for id, text in reasons.items() if text}
    assert {"loss_and_grads.b-N7-reg0.1", "loss_and_grads.batch-mean"} <= wrong
    assert {"fast.b-N7-reg0.1", "fast.batch-mean"} <= set(reasons) - wrong
    assert {id.partition(".")[0] for id in wrong} == {"loss_and_grads"}
    assert {check.subject for check in found} == {"loss_and_grads", "fast"}


def test_each_layer_of_a_file_keeps_its_rules_apart(tmp_path):
    path = tmp_path / "layers.py"
    path.write_text(f"{LAYER}\n{LAYER.replace('affine', 'dense')}", encoding="utf-8")
    ids = [check.id for check in checks_for(path)]
    assert len(set(ids)) == len(ids)
    assert {"affine.b", "affine.mutates-input", "dense.mutates-input"} <= set(ids)
