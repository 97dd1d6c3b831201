"""Fixtures of the end-to-end tests. What they are made of is in postern.py (the daemon),
smtp_session.py (a client), certificates.py, and servers.py (Dovecot and Postfix)."""
import contextlib
import os
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from certificates import Certificates  # noqa: E402
from judged import assert_judged_again  # noqa: E402
from postern import BIN, Postern  # noqa: E402

CONTOSO = [
    'New-Organization -Name Contoso',
    'New-AcceptedDomain -Name contoso.com',
    'New-AcceptedDomain -Name relay.contoso.net -DomainType InternalRelay -MatchSubDomains $true',
    'New-AcceptedDomain -Name contoso.onmicrosoft.com',
    'New-Recipient ann@contoso.com',
    'New-Recipient bob@contoso.com',
    'Set-OrganizationConfig -RejectDirectSend $true',
]


def pytest_sessionstart():
    missing = [name for name in ('posternd', 'postern') if not (BIN / name).exists()]
    if missing:
        pytest.exit(f'{BIN} has no {" and no ".join(missing)}: build first (make), or set POSTERN_BIN_DIR', returncode=2)


@contextlib.contextmanager
def temporary_folder():
    """Short, for a Unix socket's path has at most 107 bytes; open to pass through, since some
    servers give up root. POSTERN_KEEP=1 leaves it there to look at."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix='postern-'))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        if not os.environ.get('POSTERN_KEEP'):
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope='session')
def certificates():
    with temporary_folder() as folder:
        yield Certificates(folder)


@pytest.fixture
def folder():
    with temporary_folder() as folder:
        yield folder


@pytest.fixture(scope='module')
def postern(request, certificates):
    """A daemon for all tests of a module, with the module's SETTINGS and the organization of
    the test table (CONTOSO). Tests that change the directory put it back. With JUDGE_AGAIN in the module,
    all mail that was sent is judged again at the end."""
    with temporary_folder() as folder, \
            Postern(folder, certificates, **getattr(request.module, 'SETTINGS', {})) as postern:
        postern.cmdlets(*CONTOSO)
        yield postern
        if getattr(request.module, 'JUDGE_AGAIN', False):
            assert_judged_again(postern)


@pytest.fixture
def new_postern(certificates):
    """Makes daemons for one test: `postern = new_postern(limits={…})`. Not started yet, if
    started=False; without Contoso, if contoso=False."""
    with contextlib.ExitStack() as stack:

        def make(started=True, contoso=True, **tables):
            folder = stack.enter_context(temporary_folder())
            postern = Postern(folder, certificates, **tables)
            stack.callback(postern.stop)
            if started:
                postern.start()
                if contoso:
                    postern.cmdlets(*CONTOSO)
            return postern

        yield make
