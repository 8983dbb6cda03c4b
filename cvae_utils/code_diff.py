"""What changed in the code from one model to the next, as a coloured diff."""

import ast
import difflib
import inspect
import textwrap


def show_diff(before, after):
    """Display what has to be changed in the code of ``before`` to get the code of ``after``.

    Added lines begin with + and are green, removed lines begin with − and are red, lines in common are grey.

    Parameters
    ----------
    before, after : function, class, or list of them
        Compared by their source, without docstrings; lists are compared as one piece of code.
    """
    from IPython.display import display

    lines = diff(source(before), source(after))
    display({"text/html": as_html(lines), "text/plain": "\n".join(lines)}, raw=True)


def source(definitions):
    """Return the source of functions and classes as one text, without docstrings."""
    if not isinstance(definitions, list | tuple):
        definitions = [definitions]
    return "\n\n".join(without_docstrings(textwrap.dedent(inspect.getsource(part))) for part in definitions)


def without_docstrings(code):
    """Return code without the docstrings of its functions and classes; comments and layout stay as they are."""
    lines = code.rstrip().splitlines()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            docstring = node.body[0]
            blank_after = docstring.end_lineno < len(lines) and not (lines[docstring.end_lineno] or "").strip()
            for number in range(docstring.lineno, docstring.end_lineno + 1 + blank_after):
                lines[number - 1] = None
    return "\n".join(line for line in lines if line is not None)


def diff(before, after):
    """Return all lines of both texts, each with a mark before it: "+ " added, "- " removed, "  " in common."""
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if not line.startswith("? ")]


def as_html(lines):
    """Return the lines of a diff as HTML with colours that keep their contrast on light and dark pages."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import DiffLexer

    formatter = HtmlFormatter(noclasses=True, cssstyles="color: #333; padding: 0.5em")
    return highlight("\n".join(lines), DiffLexer(stripnl=False), formatter)
