"""Each of the browser's test files, against a daemon of its own."""
import gzip
import pathlib
import re

import pytest

HERE = pathlib.Path(__file__).resolve().parent


@pytest.mark.parametrize('name', sorted(path.name for path in HERE.glob('*.test.mjs')))
def test_in_the_browser(run_node, name):
    run_node(name)


def test_the_first_load_is_small(postern):
    """Everything that the page names, compressed as it is served."""
    page = postern.http('/').read()
    total = len(page)
    names = re.findall(r'(?:src|href)="(/[^"]+)"', gzip.decompress(page).decode())
    assert len(names) >= 3, names
    for name in names:
        answer = postern.http(name)
        assert answer.status == 200 and answer.headers['Content-Encoding'] == 'gzip'
        total += len(answer.read())
    assert total < 200_000, f'{total} bytes'


def test_a_file_is_loaded_once(postern):
    page = gzip.decompress(postern.http('/').read()).decode()
    asset = re.search(r'src="(/assets/[^"]+\.js)"', page)[1]
    first = postern.http(asset)
    assert 'immutable' in first.headers['Cache-Control']
    again = postern.http(asset, {'If-None-Match': first.headers['ETag']})
    assert again.status == 304 and again.read() == b''
    assert postern.http('/').headers['Cache-Control'] == 'no-cache'
