"""Starting, reloading and ending: configuration errors, SIGHUP, SIGTERM, privileges."""
import os
import pwd
import re
import shutil
import socket
import ssl
import subprocess

import pytest

from postern import BIN
from smtp_session import SmtpSession, message, stuffed
from waiting import wait_until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason='only root can give up privileges')


# ---------------------------------------------------------------------- configuration

def check(postern):
    done = subprocess.run([BIN / 'posternd', '--check', '--config', postern.file], capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def stopped(new_postern):
    return new_postern(started=False)


def test_check_is_content_with_a_good_file(stopped):
    status, text = check(stopped)
    assert status == 0, text
    assert not stopped.data.exists(), '--check leaves nothing behind'


MISTAKES = {
    'unknown-key': ('[server]\nhostname = "mx.contoso.test"\nhostnam = "x"\n', 3, 'hostnam'),
    'wrong-type': ('[server]\nhostname = "mx.contoso.test"\nthreads = "many"\n', 3, 'threads'),
    'out-of-range': ('[server]\nhostname = "mx.contoso.test"\n[trace]\nkeep_days = 0\n', 4, 'keep_days'),
    'no-name': ('[server]\nhostname = "no dots"\n', 2, 'hostname'),
    'address': ('[server]\nhostname = "mx.contoso.test"\n[[listener]]\naddress = "127.0.0.1"\n', 4, 'address'),
    'prefix': ('[server]\nhostname = "mx.contoso.test"\n[[listener]]\naddress = "127.0.0.1:2525"\n'
               'proxy_protocol_from = ["10.0.0.0/33"]\n', 5, 'proxy_protocol_from'),
    'certificate': ('[server]\nhostname = "mx.contoso.test"\n[tls]\ncertificate = "nowhere.pem"\n', 4, 'nowhere.pem'),
    'hop': ('[server]\nhostname = "mx.contoso.test"\n[delivery]\ndefault = "pigeon:post"\n', 4, 'default'),
    'limit': ('[server]\nhostname = "mx.contoso.test"\n[limits]\nmax_recipient = 5\n', 4, 'max_recipient'),
    'order': ('[server]\nhostname = "mx.contoso.test"\n[limits]\nmax_recipients = 2000\n', 4, 'max_recipients'),
    'syntax': ('[server]\nhostname = mx.contoso.test\n', 2, ''),
}
LISTENER = '[[listener]]\naddress = "127.0.0.1:2525"\n'


@pytest.mark.parametrize('text, line, key', MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_file_line_and_key_and_nothing_starts(stopped, text, line, key):
    stopped.write_config(text + ('' if 'listener' in text else LISTENER))
    status, output = check(stopped)
    assert status != 0
    told = [words for words in output.splitlines() if words.startswith(f'{stopped.file}:{line}:')]
    assert any(key in words for words in told), output

    stopped.launch()
    assert stopped.process.wait(20) != 0
    assert f'{stopped.file}:{line}:' in stopped.log_text()
    assert not stopped.data.exists(), 'nothing is half-started'
    stopped.process = None


def test_all_mistakes_are_told_at_once(stopped):
    stopped.write_config('[server]\nhostname = "x"\nthreads = -1\n[log]\nformat = "xml"\n')
    status, output = check(stopped)
    assert status != 0
    for line in (2, 3, 5):
        assert f'{stopped.file}:{line}:' in output
    assert 'listener' in output


@pytest.mark.parametrize('arguments', [['--no-such-option'], ['--config'], ['--config', '/nowhere/postern.toml']])
def test_a_wrong_command_line(arguments):
    done = subprocess.run([BIN / 'posternd', *arguments], capture_output=True, text=True, timeout=20)
    assert done.returncode != 0
    assert done.stderr


def test_a_taken_port_is_told(new_postern):
    first = new_postern(contoso=False)
    second = new_postern(started=False)
    second.tables['listener'][0]['address'] = '%s:%d' % first.admin
    second.write_config()
    second.launch()
    assert second.process.wait(20) != 0
    assert '%s:%d' % first.admin in second.log_text()
    second.process = None


def test_a_data_directory_in_use_is_refused(new_postern):
    """Two daemons on one store would each believe to be alone."""
    first = new_postern()
    second = new_postern(started=False)
    second.tables['server']['data_directory'] = first.data
    second.write_config()
    second.launch()
    assert second.process.wait(20) != 0
    assert str(first.data) in second.log_text()
    second.process = None
    assert first.objects('Get-OrganizationConfig')[0]['RejectDirectSend'] is True


# ---------------------------------------------------------------------- SIGHUP

def served_certificate(postern):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with SmtpSession(postern.smtp) as session:
        session.ehlo()
        session.starttls(context)
        return ssl.DER_cert_to_PEM_cert(session.socket.getpeercert(binary_form=True)).strip()


def test_sighup_serves_the_new_certificate_and_keeps_sessions(new_postern, certificates):
    postern = new_postern(started=False)
    for name, file in (('certificate', certificates.server.certificate), ('private_key', certificates.server.key)):
        postern.tables['tls'][name] = shutil.copy(file, postern.folder / name)
    postern.write_config()
    postern.start()
    old = served_certificate(postern)
    with SmtpSession(postern.smtp) as session:
        session.ehlo()
        shutil.copy(certificates.other_server.certificate, postern.folder / 'certificate')
        shutil.copy(certificates.other_server.key, postern.folder / 'private_key')
        postern.reload()
        new = wait_until(lambda: (now := served_certificate(postern)) != old and now, 'the new certificate')
        assert new in certificates.other_server.certificate.read_text()
        assert session.command('NOOP').code == 250


def test_sighup_with_a_broken_file_keeps_what_was(new_postern):
    postern = new_postern()
    postern.write_config('[server]\nhostname = "mx.contoso.test"\nnonsense = 1\n')
    postern.reload()
    wait_until(lambda: f'{postern.file}:3:' in postern.log_text(), 'the complaint in the log')
    with SmtpSession(postern.smtp) as session:
        session.ehlo()
        session.mail('bob@bank.test')
        assert session.rcpt('ann@contoso.com').code == 250


def test_sighup_with_a_broken_certificate_keeps_what_was(new_postern, certificates):
    postern = new_postern(started=False)
    postern.tables['tls']['certificate'] = shutil.copy(certificates.server.certificate, postern.folder / 'certificate')
    postern.write_config()
    postern.start()
    old = served_certificate(postern)
    (postern.folder / 'certificate').write_text('-----BEGIN CERTIFICATE-----\nrubbish\n')
    lines = len(postern.log_text().splitlines())
    postern.reload()
    wait_until(lambda: re.search(r'level=error .*certificate', '\n'.join(postern.log_text().splitlines()[lines:])),
               'the complaint in the log')
    assert served_certificate(postern) == old


def test_sighup_names_what_needs_a_restart(new_postern):
    """What was opened at the start stays as it was, whole; what can change does."""
    postern = new_postern()
    postern.tables['server'] |= {'hostname': 'new.contoso.test', 'threads': 3}
    postern.tables['delivery'] = {'relay': 'smtp:127.0.0.1:26'}
    postern.tables['limits'] = {'max_recipients': 100, 'message_memory': 2_000_000}
    postern.write_config()
    postern.reload()
    postern.logged('reloaded')
    assert [line['key'] for line in postern.log('restart_needed')] == [
        '[server] hostname', '[server] threads', '[delivery] relay', '[limits] message_memory']
    with SmtpSession(postern.smtp) as session:
        assert session.banner.text.startswith('mx.contoso.test ')
        session.ehlo()
        session.mail('bob@bank.test')
        codes = [session.rcpt('ann@contoso.com').code for _ in range(101)]
        assert codes == [250] * 100 + [452]


# ---------------------------------------------------------------------- SIGTERM

def test_sigterm_drains(new_postern):
    """A message that is coming in is finished; idle sessions hear 421; then the end, status 0."""
    postern = new_postern()
    with SmtpSession(postern.smtp) as busy, SmtpSession(postern.smtp) as idle, SmtpSession(postern.smtp) as silent:
        idle.ehlo()
        busy.ehlo()
        busy.mail('bob@bank.test')
        busy.rcpt('ann@contoso.com')
        assert busy.command('DATA').code == 354
        content = stuffed(message('bob@bank.test', 'while it drains'))
        busy.send(content[:40])
        postern.terminate()
        for session in (idle, silent):
            assert session.reply().code == 421
            assert session.is_closed()
        busy.send(content[40:] + b'.\r\n')
        assert busy.reply().code == 250
        assert busy.reply().code == 421
        assert busy.is_closed()
    assert postern.process.wait(20) == 0
    assert len(postern.mailbox('ann@contoso.com')) == 1
    with pytest.raises(OSError):
        SmtpSession(postern.smtp)


def test_drain_has_an_end(new_postern):
    postern = new_postern(limits={'drain_time': 1})
    with SmtpSession(postern.smtp) as stuck:
        stuck.ehlo()
        stuck.mail('bob@bank.test')
        stuck.rcpt('ann@contoso.com')
        assert stuck.command('DATA').code == 354
        postern.terminate()
        assert postern.process.wait(20) == 0
    assert postern.mailbox('ann@contoso.com') == []


# ---------------------------------------------------------------------- privileges

def status_of(process, key):
    with open(f'/proc/{process.pid}/status') as status:
        return re.search(rf'^{key}:\s*(.*)$', status.read(), re.M)[1].split()


@as_root
def test_root_is_given_up_after_binding_and_reading_keys(new_postern, certificates):
    """Port 25 and a key that only root can read, yet no thread keeps root or a capability."""
    postern = new_postern(started=False, server={'user': 'nobody'})
    nobody = pwd.getpwnam('nobody')
    key = shutil.copy(certificates.server.key, postern.folder / 'key')
    os.chmod(key, 0o600)
    postern.tables['tls']['private_key'] = key
    postern.tables['listener'].append({'address': f'{postern.address}:25'})
    postern.data.mkdir()
    os.chown(postern.data, nobody.pw_uid, nobody.pw_gid)
    postern.write_config()
    postern.start()
    for task in os.listdir(f'/proc/{postern.process.pid}/task'):
        with open(f'/proc/{postern.process.pid}/task/{task}/status') as status:
            text = status.read()
        assert re.search(rf'^Uid:(\s+{nobody.pw_uid}){{4}}$', text, re.M), text
        assert re.search(rf'^Gid:(\s+{nobody.pw_gid}){{4}}$', text, re.M), text
        for capabilities in ('CapEff', 'CapPrm', 'CapAmb'):
            assert re.search(rf'^{capabilities}:\s+0+$', text, re.M), text
    assert status_of(postern.process, 'Groups') in ([], [str(nobody.pw_gid)])

    postern.cmdlets('New-Organization -Name Contoso', 'New-AcceptedDomain -Name contoso.com',
                    'New-Recipient ann@contoso.com')
    with SmtpSession((postern.address, 25)) as session:
        session.ehlo()
        session.starttls()
        session.ehlo()
        session.mail('bob@bank.test')
        session.rcpt('ann@contoso.com')
        assert session.data(message('bob@bank.test')).code == 250
    (file,) = postern.mailbox('ann@contoso.com')
    assert file.stat().st_uid == nobody.pw_uid


@as_root
def test_an_unknown_user_is_an_error(new_postern):
    postern = new_postern(started=False, server={'user': 'no-such-user'})
    postern.launch()
    assert postern.process.wait(20) != 0
    assert 'no-such-user' in postern.log_text()
    postern.process = None


def test_nothing_private_is_readable_by_others(new_postern):
    postern = new_postern()
    with SmtpSession(postern.smtp) as session:
        session.ehlo()
        session.mail('bob@bank.test')
        session.rcpt('ann@contoso.com')
        assert session.data(message('bob@bank.test')).code == 250
    postern.trace()
    open_to_others = [path for path in [postern.data / 'admin.token', postern.data / 'postern.db',
                                        *postern.mailbox('ann@contoso.com')] if path.stat().st_mode & 0o077]
    assert open_to_others == []
    # Everything below is out of reach when the folder itself is.
    assert postern.data.stat().st_mode & 0o007 == 0


def test_systemd_is_told(new_postern, folder):
    """Type=notify: READY=1 when it serves, STOPPING=1 when it drains."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(folder / 'notify'))
        notify.settimeout(20)
        postern = new_postern(started=False)
        os.environ['NOTIFY_SOCKET'] = str(folder / 'notify')
        try:
            postern.start()
        finally:
            del os.environ['NOTIFY_SOCKET']
        assert b'READY=1' in notify.recv(4096)
        postern.stop()
        words = notify.recv(4096)
        while b'STOPPING=1' not in words:
            words = notify.recv(4096)
