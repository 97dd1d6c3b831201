"""Another program uses the library: installed, found by CMake, built and run, as its user would."""
import subprocess

import dkim
import pytest

from dns_server import DnsServer
from postern import TOP
from signing import make_keys

MESSAGE = b'From: Bob <bob@bank.test>\r\nSubject: hi\r\n\r\nA line.\r\n'


@pytest.fixture(scope='module')
def verify(tmp_path_factory):
    """The example program, built against what was installed."""
    folder = tmp_path_factory.mktemp('library')
    for command in (['cmake', '--install', TOP / 'build', '--component', 'library', '--prefix', folder / 'prefix'],
                    ['cmake', '-G', 'Ninja', '-S', TOP / 'examples/verify', '-B', folder / 'build', f'-DCMAKE_PREFIX_PATH={folder}/prefix',
                     '-DCMAKE_CXX_COMPILER=clang++-19', '-DCMAKE_C_COMPILER=clang-19'],
                    ['cmake', '--build', folder / 'build']):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / 'build/verify'


def test_the_example_verifies_a_file(verify, tmp_path):
    private, public = make_keys(tmp_path)
    signed = dkim.sign(MESSAGE, b's1', b'bank.test', private) + MESSAGE
    (tmp_path / 'good.eml').write_bytes(signed)
    (tmp_path / 'bad.eml').write_bytes(signed.replace(b'A line', b'A lime'))
    with DnsServer(f's1._domainkey.bank.test. TXT "v=DKIM1; p=" {public}\n') as dns:
        good = subprocess.run([verify, tmp_path / 'good.eml', dns.endpoint], capture_output=True, text=True, timeout=60)
        bad = subprocess.run([verify, tmp_path / 'bad.eml', dns.endpoint], capture_output=True, text=True, timeout=60)
    assert (good.returncode, good.stdout) == (0, 'pass d=bank.test \n')
    assert (bad.returncode, bad.stdout) == (1, 'fail d=bank.test body hash did not verify\n')
    assert subprocess.run([verify, tmp_path / 'none.eml']).returncode == 2
