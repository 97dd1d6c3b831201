"""Lists where src/ follows which RFC, and keeps docs/rfc-support.md honest.

    tools/rfc_index.py            every RFC, its sections, and the files that name them
    tools/rfc_index.py --check    fails when src/ names an RFC that the table does not have,
                                  or the table claims support that no source file names
"""
import collections
import pathlib
import re
import sys

top = pathlib.Path(__file__).resolve().parent.parent
named = collections.defaultdict(lambda: collections.defaultdict(set))
for path in sorted((top / 'src').rglob('*.[ch]*')):
    for match in re.finditer(r'RFC (\d{3,5})(?: (?:section|appendix) ([\dA-Z.]*[\dA-Z]))?', path.read_text()):
        named[int(match[1])][match[2] or ''].add(str(path.relative_to(top)))

if '--check' not in sys.argv:
    for rfc in sorted(named):
        for section in sorted(named[rfc]):
            files = ' '.join(sorted(named[rfc][section]))
            print(f'RFC {rfc} {section or "(whole)":10} {files}')
    sys.exit(0)

rows = re.findall(r'^\| (\d{3,5}) \| (yes|partial|no) \|', (top / 'docs/rfc-support.md').read_text(), re.M)
listed = {int(number): support for number, support in rows}
bad = 0
for rfc in sorted(set(named) - set(listed)):
    files = sorted(file for files in named[rfc].values() for file in files)
    print(f'docs/rfc-support.md has no row for RFC {rfc}, named in {files[0]}')
    bad = 1
for rfc, support in sorted(listed.items()):
    if support != 'no' and rfc not in named:
        print(f'docs/rfc-support.md says {support} for RFC {rfc}, but no file of src/ names it')
        bad = 1
sys.exit(bad)
