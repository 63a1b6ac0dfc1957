"""The table of a report: what was found about each parameter."""

from collections.abc import Iterator, Mapping

from gradcheck.report.lines import Line, wrapped
from gradcheck.report.parts import ParameterReport, Verdict
from gradcheck.report.records import Report

_LONG = 26
"""Letters of a name above which names of objects get a line of their own."""

_WORDS = {
    Verdict.CORRECT: "right",
    Verdict.WRONG: "wrong",
    Verdict.INCONCLUSIVE: "cannot tell",
    Verdict.BROKEN: "broken",
}


def table(report: Report) -> Iterator[Line]:
    """Yield a line or two for each parameter."""
    if not report.parameters:
        return
    shapes = max(len(_shape(p)) for p in report.parameters.values())
    for heading, rows in _grouped(report.parameters):
        if heading:
            yield Line("text", f"  {heading}")
        names = max(len(name) for name in rows)
        for name, parameter in rows.items():
            role = {Verdict.CORRECT: "right", Verdict.WRONG: "wrong"}.get(
                parameter.verdict, "unsure"
            )
            head = "    " if heading else "  "
            head += f"{name:<{names}}  {_shape(parameter):<{shapes}}  "
            yield from wrapped(role, _numbers(parameter), first=head)
    yield Line("text")


def _grouped(
    parameters: Mapping[str, ParameterReport],
) -> list[tuple[str, dict[str, ParameterReport]]]:
    """Put the parameters of each object below its name, where names are long."""
    if max(map(len, parameters)) <= _LONG or not all(
        "." in name for name in parameters
    ):
        return [("", dict(parameters))]
    groups: dict[str, dict[str, ParameterReport]] = {}
    for name, parameter in parameters.items():
        owner, _, own = name.rpartition(".")
        groups.setdefault(owner, {})[own] = parameter
    return list(groups.items())


def _shape(parameter: ParameterReport) -> str:
    return str(tuple(parameter.shape)).replace("()", "scalar")


def _numbers(parameter: ParameterReport) -> str:
    """Say what was found about one parameter, in one line."""
    word, worst = _WORDS[parameter.verdict], parameter.worst
    if parameter.verdict is Verdict.CORRECT:
        text = "right"
        if parameter.max_rel_error is not None:
            text += f"   max relative error: {parameter.max_rel_error:.1e}"
        if parameter.bound is not None:
            text += f"   {_whole(f'certified below {parameter.bound.rel_error:.0e}')}"
        return text
    if parameter.verdict is Verdict.WRONG and worst is not None:
        where = ", ".join(map(str, worst.index))
        digits = 5  # as many as show that the two are not the same
        while digits < 15 and f"{worst.analytic:.{digits}g}" == (
            f"{worst.numeric:.{digits}g}"
        ):
            digits += 1
        text = (
            f"{word}   yours {worst.analytic:<{digits + 5}.{digits}g} measured "
            f"{worst.numeric:.{digits}g} +- {worst.error:.0e}"
        )
        text += f"   {_whole(f'at [{where}]')}" if where else ""
        few = parameter.pattern not in ("", "dense") and " of " not in parameter.pattern
        few = few and parameter.pattern.count("[") <= 3
        return text + (f"   ({parameter.pattern})" if few else "")
    return f"{word}   {parameter.detail}".rstrip()


def _whole(text: str) -> str:
    """Keep a few words on one line."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")
