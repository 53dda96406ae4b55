r"""LaTeX taken down to one plain spelling.

`\dfrac12`, `\frac{1}{2}` and ½ all read 1/2; `x^{2}`, `x^2` and x² all read x^2.

Braces that group one symbol go, braces that group more stay: `a_{n+1}` is not `a_{n}+1`.
"""

from __future__ import annotations

import re
from operator import itemgetter

from services.dedup.lexicon import latex_symbols

_SIGNS = "\\$^_{}"
_MAX_DEPTH = 24  # nesting of braces that is still unfolded; deeper ones are not written by people

_DELIMITER = re.compile(r"\\[()\[\]]")
_ENVIRONMENT = re.compile(r"\\(?:begin|end) ?\{[a-zA-Z*]{1,20}\}(?: ?\{[lcr| ]*\})?")
_SPACING = re.compile(r"\\(?:quad|qquad|enspace|thinspace|,|;|!|:|>|\s)|~(?:(?<!\d~)|(?!\d))")
_STYLE = re.compile(
    r"\\(?:left|right|big|Big|bigg|Bigg|bigl|bigr|Bigl|Bigr|mathrm|mathbf|mathit|mathsf|mathcal|mathbb|mathscr|mathfrak|boldsymbol|bm"
    r"|textbf|textit|textrm|text|mbox|hbox|rm|bf|it|operatorname|displaystyle|textstyle|scriptstyle|limits|nolimits|underline"
    r"|mathop|mathbin|mathrel|mathord|small|large|normalsize)(?![a-zA-Z])\*?"
)
_FRACTION_NAME = re.compile(r"\\[dtc]frac(?![a-zA-Z])")
_SHORT_FRACTION = re.compile(r"\\frac ?([0-9a-zA-Z]) ?(?:([0-9a-zA-Z])|(?=\{))")
_HALF_FRACTION = re.compile(r"(\\frac ?\{[^{}]*\}) ?([0-9a-zA-Z])")
_FRACTION = re.compile(r"\\frac ?\{([^{}]*)\} ?\{([^{}]*)\}")
_OVER = re.compile(r"\{([^{}]*?) ?\\over(?![a-zA-Z]) ?([^{}]*)\}")
_SHORT_ROOT = re.compile(r"\\sqrt ?([0-9a-zA-Z])")
_ROOT = re.compile(r"\\sqrt ?(?:\[([^\[\]{}]*)\])? ?\{([^{}]*)\}")
_SCRIPT = re.compile(r"([\^_]) ?\{([^{}]*)\}")
_EMPTY_GROUP = re.compile(r"\{ ?\}")
_GROUP = re.compile(r"\{([^{}]*)\}")
_STRUCTURE = {"frac": "\\frac", "sqrt": "\\sqrt", "over": "\\over "}
_COMMAND = re.compile(r"\\([a-zA-Z]+)\s?")
_POWER_OF_A_MARK = re.compile(r"\^ ?(?=[°'])")
_ESCAPED = re.compile(r"\\([%&#_$])")
_INNER = itemgetter(1)  # of a match: its first group, without the cost of a template

# Spellings of one symbol; the rest comes from the data file.
_SAME = {
    "leqslant": "≤", "le": "≤", "geqslant": "≥", "ge": "≥", "ne": "≠", "neq": "≠", "varnothing": "∅",
    "emptyset": "∅", "varphi": "φ", "varepsilon": "ε", "circ": "°", "degree": "°", "cdot": "·", "cdots": "⋯",
    "ldots": "⋯", "dots": "⋯", "mid": "|", "vert": "|", "prime": "'", "triangle": "△", "Delta": "△", "vec": "→",
    "overrightarrow": "→", "longrightarrow": "→", "rightarrow": "→", "to": "→", "subsetneqq": "⊊",
    "complement": "∁", "backslash": "", "hline": " ", "nonumber": "", "par": " ", "newline": " ", "cr": " ",
}  # fmt: skip


def plain_latex(text: str) -> str:
    """`text` with its LaTeX in plain characters. Text without LaTeX comes back as it is."""
    if not any(sign in text for sign in _SIGNS):
        return text
    # From here on at most one space stands anywhere: the patterns below allow for one and stay linear.
    if "\\" not in text:
        # Braces of plain text are those of a set; only scripts group.
        text = single_spaced(text.replace("$", " "))
        return _with_braces(_spell_scripts(_EMPTY_GROUP.sub("", text) if "{" in text else text))
    text = single_spaced(text).replace("\\{", "\x02").replace("\\}", "\x03").replace("\\\\", " ")
    if "\\begin" in text or "\\end" in text:
        text = _ENVIRONMENT.sub(" ", text)
    text = _ESCAPED.sub(_INNER, _STYLE.sub("", text))
    text = single_spaced(_SPACING.sub(" ", _DELIMITER.sub(" ", text.replace("$", " "))))
    if "frac" in text:
        text = _FRACTION_NAME.sub(r"\\frac", text)
    text = _COMMAND.sub(_spell_command, text)
    text = _unfold(_SHORT_FRACTION.sub(_spell_fraction, text) if "\\frac" in text else text)
    text = _with_braces(_POWER_OF_A_MARK.sub("", text.replace("//", "∥")))
    return text.replace("\\frac", "").replace("\\over", "/").replace("\\sqrt", "√").replace("\\", "")


def single_spaced(text: str) -> str:
    """`text` with one space for each run of white space, and none at its ends."""
    if text.isprintable() and "  " not in text:  # of white space only the plain one is printable
        return text.strip()
    return " ".join(text.split())


def _with_braces(text: str) -> str:
    """Braces that stay were put aside as control characters."""
    return text.replace("\x02", "{").replace("\x03", "}")


def _unfold(text: str) -> str:
    """Innermost groups first: scripts, roots and fractions, then braces that mean nothing."""
    if "\\sqrt" in text:
        text = _SHORT_ROOT.sub(r"\\sqrt{\1}", text)
    for _ in range(_MAX_DEPTH):
        if "{" not in text:
            break
        before = text
        if "\\over" in text:
            text = _OVER.sub(r"{\\frac{\1}{\2}}", text)
        text = _spell_scripts(text)
        if "\\frac" in text:
            text = _HALF_FRACTION.sub(r"\1{\2}", text)
            text = _FRACTION.sub(lambda m: f"{_operand(m[1])}/{_operand(m[2])}", text)
        if "\\sqrt" in text:
            text = _ROOT.sub(lambda m: f"√{'[' + m[1] + ']' if m[1] else ''}{_operand(m[2])}", text)
        if text == before:
            text = _GROUP.sub(_INNER, text)
        if text == before:
            break
    return text


def _spell_fraction(match: re.Match[str]) -> str:
    below = f"{{{match[2]}}}" if match[2] else ""
    return f"\\frac{{{match[1]}}}{below}"


def _spell_scripts(text: str) -> str:
    """Scripts of one symbol without their braces, and without the space before them."""
    parts = []
    done = 0
    for script in _SCRIPT.finditer(text):
        start, inner = script.start(), script[2].strip()
        parts.append(text[done : start - 1 if start > done and text[start - 1] == " " else start])
        if inner:
            parts.append(script[1] + (inner if len(inner) == 1 else f"\x02{inner}\x03"))
        done = script.end()
    return "".join(parts) + text[done:] if done else text


def _operand(inner: str) -> str:
    inner = inner.strip()
    return inner if inner.isalnum() else f"({inner})"


def _spell_command(command: re.Match[str]) -> str:
    name = command[1]
    if name in _STRUCTURE:
        return _STRUCTURE[name]
    return _SAME[name] if name in _SAME else latex_symbols().get(name, name + " ")
