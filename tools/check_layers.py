"""Checks that no folder of src/ includes one that stands after it in src/CMakeLists.txt.

Two more rules: mail/, auth/, reports/, directory/ and policy/ know nothing of Asio, and only net/,
dns/, delivery/, admin/ and edge/ may include an Asio header other than awaitable.hpp.
"""
import pathlib
import re
import sys

source = pathlib.Path(__file__).resolve().parent.parent / 'src'
order = re.findall(r'add_subdirectory\((\w+)\)', (source / 'CMakeLists.txt').read_text())
pure = {'base', 'mail', 'auth', 'reports', 'directory', 'policy'}
heavy = {'net', 'dns', 'delivery', 'admin', 'edge', 'milter'}
bad = 0


def complain(path, line, text):
    global bad
    print(f'{path.relative_to(source.parent)}:{line}: {text}')
    bad = 1


for path in sorted(source.rglob('*.[ch]*')):
    folder = path.relative_to(source).parts[0]
    is_test = path.stem.endswith(('_test', '_bench', '_fuzz'))
    for number, text in enumerate(path.read_text().splitlines(), 1):
        ours = re.match(r'#include "(\w+)/', text)
        if ours and ours[1] in order and order.index(ours[1]) > order.index(folder):
            complain(path, number, f'{folder} must not use {ours[1]}')
        asio = re.match(r'#include <boost/asio[/.](\S+)>', text)
        if asio and folder in pure:
            complain(path, number, f'{folder} is pure: no Asio')
        elif asio and folder not in heavy and asio[1] != 'awaitable.hpp' and not is_test:
            complain(path, number, 'outside net/ only <boost/asio/awaitable.hpp>')
sys.exit(bad)
