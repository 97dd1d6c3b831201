"""What `make install` puts where, and that the example configuration is a true one."""
import os
import re
import shutil
import subprocess

import pytest

from postern import BIN, TOP


def check(file):
    done = subprocess.run([BIN / 'posternd', '--check', '--config', file], capture_output=True, text=True, timeout=20)
    return done.returncode, done.stderr


@pytest.fixture
def example(folder, certificates):
    """conf/postern.toml with certificates that exist."""
    shutil.copy(certificates.server.certificate, folder / 'fullchain.pem')
    shutil.copy(certificates.server.key, folder / 'key.pem')
    (folder / 'example.net').mkdir()
    shutil.copy(certificates.other_server.certificate, folder / 'example.net/fullchain.pem')
    shutil.copy(certificates.other_server.key, folder / 'example.net/key.pem')
    return shutil.copy(TOP / 'conf/postern.toml', folder / 'postern.toml')


def test_the_example_is_valid(example):
    assert check(example) == (0, '')


def test_every_key_of_the_example_exists_and_its_default_is_valid(example):
    """With everything that is commented out switched on, nothing is unknown or out of range."""
    text = re.sub(r'(?m)^#(?=\[|\w+ = )', '', example.read_text())
    assert text.count('\nkeep_days = ') == 3, '[trace], [traffic_counts] and [quarantine]'
    example.write_text(text)
    assert check(example) == (0, '')


@pytest.mark.skipif(BIN != TOP / 'build/bin', reason='installs what is in build/')
def test_install(folder):
    done = subprocess.run(['cmake', '--install', TOP / 'build', '--prefix', '/usr'], capture_output=True, text=True,
                          env={**os.environ, 'DESTDIR': str(folder)})
    assert done.returncode == 0, done.stdout + done.stderr
    installed = {str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file()}
    assert {'usr/sbin/posternd', 'usr/bin/postern', 'usr/share/man/man8/posternd.8', 'usr/share/man/man1/postern.1',
            'usr/lib/systemd/system/postern.service', 'usr/lib/sysusers.d/postern.conf',
            'etc/postern/postern.toml.example', 'usr/share/doc/postern/copyright', 'usr/share/doc/postern/LICENSE',
            'usr/share/doc/postern/README.md', 'usr/share/doc/postern/changelog',
            'usr/share/doc/postern/smtp-session.md'} <= installed
    assert any('fail2ban' in name for name in installed)
    unit = (folder / 'usr/lib/systemd/system/postern.service').read_text()
    assert 'ExecStart=/usr/sbin/posternd --config /etc/postern/postern.toml\n' in unit
    assert not re.search(r'@\w+@', unit), 'a path was not filled in'
    done = subprocess.run([folder / 'usr/sbin/posternd', '--version'], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and re.search(r'\d+\.\d+\.\d+', done.stdout)


@pytest.mark.parametrize('page', sorted((TOP / 'docs/man').glob('*.[18]')), ids=lambda path: path.name)
def test_manual_pages_have_no_mistakes(page):
    if not shutil.which('groff'):
        pytest.skip('groff is not installed')
    done = subprocess.run(['groff', '-man', '-ww', '-Tutf8', page], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ''
