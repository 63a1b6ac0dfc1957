"""What is said when a file cannot be checked."""


class Refused(Exception):  # noqa: N818 - the name that the cage knows
    """A file that cannot be checked, and why, in words for its author.

    Attributes
    ----------
    code : str
        Kebab-case kind: ``"syntax"``, ``"python-2"``, ``"incomplete"``,
        ``"crashes"``, ``"no-gradient"``, ``"ambiguous"``, ``"missing"``.
    text : str
        What was found, what was expected, and the next step.
    line : int or None
        Where in the file.
    interface : str or None
        The form that the file was recognised to have, if it was.
    begun : bool
        Whether a part of it runs: it is unfinished, and no template left alone.
    """

    def __init__(self, code: str, text: str, line: int | None = None) -> None:
        super().__init__(text)
        self.code, self.text, self.line = code, text, line
        self.interface: str | None = None
        self.begun = False
