"""Maildir: 250 means that the mail is on disk, under a path that no stranger chose."""
import os
import shutil
import threading

import pytest

from smtp_session import SmtpSession, message

EXT = '203.0.113.9'


def send(postern, forward_path, subject='A test', parameters=''):
    with SmtpSession(postern.proxied, proxy=EXT) as session:
        session.ehlo()
        session.mail('bob@bank.test', parameters)
        reply = session.rcpt(forward_path)
        return session.data(message('bob@bank.test', subject)) if reply.code == 250 else reply


def test_mail_is_there_after_kill_9(new_postern):
    postern = new_postern()
    with SmtpSession(postern.proxied, proxy=EXT) as session:
        session.ehlo()
        session.mail('bob@bank.test')
        session.rcpt('ann@contoso.com')
        session.rcpt('bob@contoso.com')
        assert session.data(message()).code == 250
        postern.kill()
    for address in ('ann@contoso.com', 'bob@contoso.com'):
        (file,) = postern.mailbox(address)
        assert file.read_bytes().replace(b'\r\n', b'\n').endswith(b'\n\nHello.\n')
    postern.start()
    assert send(postern, 'ann@contoso.com').code == 250
    assert len(postern.mailbox('ann@contoso.com')) == 2


def test_every_250_of_a_busy_daemon_is_kept(new_postern):
    """Killed in the middle of the work of four clients: what they were promised is there, once."""
    postern = new_postern(limits={'max_connections_per_client': 100})
    promised, enough = [], threading.Semaphore(0)

    def client(name):
        try:
            with SmtpSession(postern.proxied, proxy=EXT) as session:
                session.ehlo()
                for number in range(10_000):
                    subject = f'{name}-{number}'
                    session.mail('bob@bank.test')
                    session.rcpt('ann@contoso.com')
                    if session.data(message('bob@bank.test', subject)).code == 250:
                        promised.append(subject)
                        enough.release()
        except (OSError, AttributeError, AssertionError):
            pass  # The connection died with the daemon, perhaps inside a reply.

    clients = [threading.Thread(target=client, args=(f'client{n}',)) for n in range(4)]
    for thread in clients:
        thread.start()
    for _ in range(40):
        assert enough.acquire(timeout=20)
    postern.kill()
    for thread in clients:
        thread.join(30)
    delivered = [line[9:] for file in postern.mailbox('ann@contoso.com')
                 for line in file.read_text().splitlines() if line.startswith('Subject: ')]
    assert len(delivered) == len(set(delivered)), 'nothing twice'
    assert set(promised) <= set(delivered)
    assert all(file.read_bytes().replace(b'\r\n', b'\n').endswith(b'\nHello.\n')
               for file in postern.mailbox('ann@contoso.com')), 'nothing by halves'
    postern.start()


HOSTILE = [
    '"../../../../escaped"', '".."', '"."', '"../new/escaped"', '"/etc/passwd"', '"a/b"', '"a\\\\b"', '".hidden"',
    '"~root"', '"-rf"', '"$(touch x)"', '"two words"', '"a%2fb"', 'a%2fb', "a'b", '"\\"quoted\\""', 'a!b', '{a}', '`a`',
    'new', 'CUR', 'x' * 64, '"a\tb"', '*', '*a',
]


@pytest.fixture(scope='module')
def wildcard(postern):
    postern.cmdlet("New-Recipient '*@contoso.com'")
    return postern


def paths_outside(postern):
    mail = postern.data / 'mail' / 'contoso.com'
    return {path for path in postern.folder.rglob('*') if not path.is_relative_to(mail)
            and not path.is_relative_to(postern.data / 'trace')}


@pytest.mark.parametrize('local_part', HOSTILE)
def test_hostile_local_parts_stay_in_their_folder(wildcard, local_part):
    postern = wildcard
    mail = postern.data / 'mail' / 'contoso.com'
    assert send(postern, 'plain@contoso.com').code == 250
    outside, before = paths_outside(postern), set(mail.rglob('*'))
    subject = f'for {HOSTILE.index(local_part)}'
    reply = send(postern, f'{local_part}@contoso.com', subject)
    assert reply.code in (250, 501, 550, 553), reply.line
    assert paths_outside(postern) <= outside
    new = [path for path in set(mail.rglob('*')) - before if path.is_file()]
    assert len(new) == (reply.code == 250)
    for path in new:
        # One folder for the recipient, and its name has only harmless characters.
        recipient, sub, _ = path.relative_to(mail).parts
        assert sub == 'new' and not recipient.startswith('.')
        assert all(c in 'abcdefghijklmnopqrstuvwxyz0123456789._+-%ABCDEF' for c in recipient), recipient
        assert f'Subject: {subject}' in path.read_text()


def test_two_addresses_never_share_a_folder(wildcard):
    postern = wildcard
    for local_part in ('"c/d"', 'c%2fd', 'c%252fd', '"c.d"', '"c d"'):
        assert send(postern, f'{local_part}@contoso.com', 'shared?').code == 250
    files = [path for path in (postern.data / 'mail/contoso.com').glob('*/new/*') if 'shared?' in path.read_text()]
    assert len({path.parent for path in files}) == 5


def test_case_quotes_and_detail_are_one_mailbox(postern):
    before = len(postern.mailbox('bob@contoso.com'))
    for address in ('bob@contoso.com', 'BOB@Contoso.Com', '"bob"@contoso.com', 'bob+news@contoso.com'):
        assert send(postern, address).code == 250
    assert len(postern.mailbox('bob@contoso.com')) == before + 4


@pytest.mark.skipif(os.geteuid() != 0, reason='a read-only folder does not stop root; needs a user to give up root to')
def test_a_maildir_that_cannot_be_written_defers(new_postern):
    """4xx, not a loss; and when it can be written again the retry arrives once."""
    postern = new_postern(started=False, server={'user': 'nobody'})
    postern.data.mkdir()
    shutil.chown(postern.data, 'nobody', 'nogroup')
    postern.start()
    postern.cmdlets('New-Organization -Name Contoso', 'New-AcceptedDomain -Name contoso.com',
                    'New-Recipient ann@contoso.com')
    assert send(postern, 'ann@contoso.com').code == 250
    new = postern.data / 'mail/contoso.com/ann'
    for path in (new, new / 'tmp', new / 'new'):
        shutil.chown(path, 'root', 'root')
        path.chmod(0o555)
    assert send(postern, 'ann@contoso.com', 'retried').code // 100 == 4
    for path in (new, new / 'tmp', new / 'new'):
        shutil.chown(path, 'nobody', 'nogroup')
        path.chmod(0o700)
    assert send(postern, 'ann@contoso.com', 'retried').code == 250
    assert len(postern.mailbox('ann@contoso.com')) == 2
