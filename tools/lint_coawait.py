"""Finds statements with co_await that hold more than they should.

A co_await stands alone: no braced value, no capturing lambda and no ?: in its statement.
g++ 12 compiles such statements into double frees, and with any compiler a temporary that
lives across the suspension is where lifetimes go wrong. See docs/decisions/0001-compiler.md.
"""
import pathlib
import re
import sys

source = pathlib.Path(__file__).resolve().parent.parent / 'src'


def statements(text):
    """Yields (line, statement). Braces of blocks end a statement, braces of values do not."""
    def blank(match):
        return re.sub(r'[^\n]', ' ', match[0])
    text = re.sub(r'//[^\n]*|/\*.*?\*/|"(\\.|[^"\\\n])*"|\'(\\.|[^\'\\\n])\'', blank, text, flags=re.S)
    opened, start, closed = [], 0, None
    for i, c in enumerate(text):
        if c in '([':
            opened.append(c)
        elif c == '{':
            before = text[start:i].rstrip()
            value = (re.search(r'[\w>]$', text[:i]) and not re.search(r'\b(else|do|try)$', before)
                     or re.search(r'[=(,{]$|return$', before))
            opened.append('value' if value else 'block')
        elif c in ')]}' and opened:
            closed = opened.pop()
        ends = (c == '{' and opened[-1] == 'block' or c == '}' and closed == 'block'
                or c == ';' and (not opened or opened[-1] == 'block'))
        if ends:
            yield text.count('\n', 0, i) + 1, text[start:i]
            start = i + 1


FAULTS = (('a braced value', r'\{'),
          ('a capturing lambda', r'(^|[(,=!&|]|return)\s*\[[^\]]'),
          ('?:', r'\?[^:]*:'))

bad = 0
for path in sorted(source.rglob('*.[ch]*')):
    for line, statement in statements(path.read_text()):
        if 'co_await' not in statement:
            continue
        for what, pattern in FAULTS:
            if re.search(pattern, statement.replace('::', '')):
                print(f'{path.relative_to(source.parent)}:{line}: co_await in a statement with {what}')
                bad = 1
sys.exit(bad)
