"""Mail that is kept: found, looked at, released, deleted; told of in digests; still there after a crash.
And junk, in the folder where a Dovecot or a Maildir has it."""
import base64
import email
import email.policy

import pytest

from conftest import CONTOSO, temporary_folder
from dovecot import Dovecot, needs_root
from hop_server import HopServer
from postern import ZONE, CmdletError, Postern
from smtp_session import SmtpSession, message
from waiting import wait_until

RECORDS = '_dmarc.quar.test. TXT "v=DMARC1; p=quarantine"\n'


def start(folder, certificates, **tables):
    return Postern(folder, certificates, zone=ZONE + RECORDS, **tables)


@pytest.fixture(scope='module')
def postern(certificates):
    with temporary_folder() as folder, start(folder, certificates) as postern:
        postern.cmdlets(*CONTOSO)
        yield postern


def send(postern, subject, recipients=('ann@contoso.com',), author='ceo@quar.test', expect=250, body='Pay now.\n'):
    with SmtpSession(postern.proxied, proxy='203.0.113.9') as session:
        session.ehlo('mail.bank.test')
        session.mail('bob@bank.test')
        for recipient in recipients:
            assert session.rcpt(recipient).code == 250
        reply = session.data(message(f'Chief <{author}>', subject, body=body))
        assert reply.code == expect, reply.line
    return reply


def kept(postern, subject):
    return postern.objects(f"Get-QuarantineMessage -Subject '{subject}'")


def one_kept(postern, subject):
    (found,) = kept(postern, subject)
    return found


def test_what_is_kept_is_found_and_looked_at(postern):
    send(postern, 'Invoice 1', ('ann@contoso.com', 'bob@contoso.com'))
    assert {row['RecipientAddress'] for row in kept(postern, 'Invoice 1')} == {'ann@contoso.com', 'bob@contoso.com'}
    (row,) = postern.objects("Get-QuarantineMessage -RecipientAddress ann@contoso.com -Subject 'invoice*'")
    assert (row['Type'], row['PolicyType'], row['ReleaseStatus']) == ('Phish', 'AntiPhishPolicy', 'NotReleased')
    assert (row['SenderAddress'], row['Author'], row['Direction']) == ('bob@bank.test', 'ceo@quar.test', 'Inbound')
    assert row['Reason'].startswith('DmarcQuarantineAction: Quarantine')
    assert postern.trace(f"-MessageTraceId {row['MessageTraceId']} -RecipientAddress ann@contoso.com -Status Quarantined")

    identity = row['Identity']
    (preview,) = postern.objects(f'Preview-QuarantineMessage {identity}')
    assert preview['Body'] == 'Pay now.\n' and preview['From'] == 'Chief <ceo@quar.test>'
    (exported,) = postern.objects(f'Export-QuarantineMessage {identity}')
    content = base64.b64decode(exported['Eml'])
    assert content == (postern.data / 'quarantine' / f'{identity[:36]}.eml').read_bytes()
    (header,) = postern.objects(f'Get-QuarantineMessageHeader {identity}')
    assert 'Subject: Invoice 1\n' in header['Header'] and 'compauth=fail' in header['Header']


def test_nobody_else_may_read_it(postern):
    send(postern, 'Secret')
    for path in (postern.data / 'quarantine').iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    assert (postern.data / 'quarantine').stat().st_mode & 0o777 == 0o700
    assert (postern.data / 'quarantine.db').stat().st_mode & 0o777 == 0o600


def test_a_release_is_delivered_and_traced(postern):
    before = set(postern.mailbox('ann@contoso.com'))
    send(postern, 'Released')
    row = one_kept(postern, 'Released')
    postern.cmdlet(f"Release-QuarantineMessage {row['Identity']} -ReleaseToAll")
    (file,) = set(postern.mailbox('ann@contoso.com')) - before
    text = file.read_text()
    assert 'X-Postern-Released: 20' in text and 'Subject: Released\n' in text and text.startswith('Return-Path: <bob@bank.test>')
    assert one_kept(postern, 'Released')['ReleaseStatus'] == 'Released'
    (traced,) = [one for one in postern.objects('Get-MessageTraceV2') if one['MessageTraceId'] == row['MessageTraceId']]
    assert traced['Status'] == 'Delivered' and traced['Reason'][-1].startswith('Released: 20')
    # A second time nothing happens; by force it does.
    postern.cmdlet(f"Release-QuarantineMessage {row['Identity']} -ReleaseToAll")
    assert len(set(postern.mailbox('ann@contoso.com')) - before) == 1
    postern.cmdlet(f"Release-QuarantineMessage {row['Identity']} -ReleaseToAll -Force")
    assert len(set(postern.mailbox('ann@contoso.com')) - before) == 2


def test_a_next_hop_that_is_down_leaves_it_here(postern):
    with HopServer('lmtp') as hop:
        postern.cmdlet(f'Set-AcceptedDomain contoso.com -NextHop {hop.url}')
        send(postern, 'Later')
        identity = one_kept(postern, 'Later')['Identity']
        hop.after_dot['ann@contoso.com'] = '452 4.2.2 Mailbox full'
        with pytest.raises(CmdletError, match='452 4.2.2 Mailbox full'):
            postern.cmdlet(f'Release-QuarantineMessage {identity} -ReleaseToAll')
        assert one_kept(postern, 'Later')['ReleaseStatus'] == 'NotReleased'
        hop.after_dot.clear()
        postern.cmdlet(f'Release-QuarantineMessage {identity} -ReleaseToAll')
        assert hop.copies('ann@contoso.com') == 1
    # Refused for good, it is not answered to the sender and not kept a second time.
    with HopServer('lmtp') as hop:
        postern.cmdlet(f'Set-AcceptedDomain contoso.com -NextHop {hop.url}')
        hop.after_dot['ann@contoso.com'] = '550 5.1.1 Who?'
        with pytest.raises(CmdletError, match='550 5.1.1 Who?'):
            postern.cmdlet(f'Release-QuarantineMessage {identity} -ReleaseToAll -Force')
        assert len(kept(postern, 'Later')) == 1
    postern.cmdlet('Set-AcceptedDomain contoso.com -NextHop $null')


def test_deleted_is_gone(postern):
    send(postern, 'Deleted', ('ann@contoso.com', 'bob@contoso.com'))
    rows = kept(postern, 'Deleted')
    postern.cmdlet(f"Delete-QuarantineMessage {rows[0]['Identity']} -Confirm:$false")
    assert [row['Identity'] for row in kept(postern, 'Deleted')] == [rows[1]['Identity']]
    postern.cmdlet(f"Delete-QuarantineMessage {rows[1]['Identity']} -Confirm:$false")
    assert not kept(postern, 'Deleted')
    assert not list((postern.data / 'quarantine').glob(f"{rows[0]['Identity'][:36]}.*"))


def test_it_is_still_there_after_a_crash(certificates):
    with temporary_folder() as folder:
        postern = start(folder, certificates)
        postern.start()
        postern.cmdlets(*CONTOSO)
        send(postern, 'Before')
        postern.kill()
        # The row was lost with the crash; a file was half written.
        for file in postern.data.glob('quarantine.db*'):
            file.unlink()
        (postern.data / 'quarantine/5d3b6ad0-0000-4000-8000-000000000001.eml.new').write_text('half')
        postern.start()
        identity = one_kept(postern, 'Before')['Identity']
        assert not list((postern.data / 'quarantine').glob('*.new'))
        postern.cmdlet(f'Release-QuarantineMessage {identity} -ReleaseToAll')
        assert len(postern.mailbox('ann@contoso.com')) == 1
        postern.stop()


def test_a_full_quarantine_defers(certificates):
    with temporary_folder() as folder, start(folder, certificates, quarantine={'max_bytes': 1_000_000}) as postern:
        postern.cmdlets(*CONTOSO)
        large = ('x' * 70 + '\n') * 10_000
        send(postern, 'First', body=large)
        reply = send(postern, 'Second', body=large, expect=452)
        assert reply.line.startswith('452 4.3.1 ')
        assert one_kept(postern, 'First') and not kept(postern, 'Second')
        assert postern.metric('postern_quarantine_full_total') == 1


def parts_of(file):
    digest = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    return digest, {part.get_content_type(): part.get_content() for part in digest.walk() if not part.is_multipart()}


def test_a_digest_tells_each_recipient_once(postern):
    postern.cmdlet('Send-QuarantineDigest')  # What earlier tests left.
    before = {name: set(postern.mailbox(name)) for name in ('ann@contoso.com', 'bob@contoso.com')}
    send(postern, '<b>Cheap</b> http://evil.test/', ('ann@contoso.com', 'ann@contoso.com', 'bob@contoso.com'))
    send(postern, 'Another')
    (sent,) = postern.objects('Send-QuarantineDigest')
    assert sent['Digests'] == 2
    (file,) = set(postern.mailbox('ann@contoso.com')) - before['ann@contoso.com']
    digest, parts = parts_of(file)
    assert digest['From'] == 'Quarantine <postmaster@contoso.com>' and digest['Auto-Submitted'] == 'auto-generated'
    assert file.read_text().startswith('Return-Path: <>\n')
    assert list(parts) == ['text/plain', 'text/html']
    assert '&lt;b&gt;Cheap&lt;/b&gt;' in parts['text/html'] and 'Another' in parts['text/html']
    assert 'http://' not in parts['text/html'] + parts['text/plain'] and '<b>Cheap</b>' in parts['text/plain']
    (file,) = set(postern.mailbox('bob@contoso.com')) - before['bob@contoso.com']
    assert 'Another' not in parts_of(file)[1]['text/plain']
    assert postern.trace("-RecipientAddress bob@contoso.com -Subject 'Messages in quarantine' -Status Delivered")
    # Told is told, also after a restart.
    postern.stop()
    postern.start()
    (sent,) = postern.objects('Send-QuarantineDigest')
    assert sent['Digests'] == 0


def is_junk(path, subject):
    text = path.read_text()
    return f'Subject: {subject}\n' in text and 'X-Spam-Flag: YES' in text


def test_junk_is_in_its_folder_of_a_maildir(postern):
    postern.cmdlets('Set-AcceptedDomain contoso.com -JunkDelivery detail:Junk',
                    'Set-AntiPhishPolicy Default -DmarcQuarantineAction MoveToJmf')
    before = set(postern.mailbox('ann@contoso.com'))
    send(postern, 'Junk')
    folder = postern.data / 'mail/contoso.com/ann/.Junk/new'
    assert [path for path in folder.iterdir() if is_junk(path, 'Junk')]
    assert set(postern.mailbox('ann@contoso.com')) == before
    postern.cmdlets('Set-AcceptedDomain contoso.com -JunkDelivery header')
    send(postern, 'Junk by field')
    (file,) = set(postern.mailbox('ann@contoso.com')) - before
    assert is_junk(file, 'Junk by field')
    postern.cmdlet('Set-AntiPhishPolicy Default -DmarcQuarantineAction Quarantine')


DETAIL = '''
recipient_delimiter = +
lmtp_save_to_detail_mailbox = yes
protocol lmtp {
  mail_plugins =
}
lda_mailbox_autocreate = yes
'''


@needs_root
def test_dovecot_files_junk_and_takes_what_is_released(postern):
    with temporary_folder() as folder, Dovecot(folder, ['ann@contoso.com'], DETAIL) as dovecot:
        postern.cmdlets(f'Set-AcceptedDomain contoso.com -NextHop {dovecot.tcp} -JunkDelivery detail:Junk',
                        'Set-AntiPhishPolicy Default -DmarcQuarantineAction MoveToJmf')
        send(postern, 'To Dovecot')
        junk = folder / 'mail/contoso.com/ann/.Junk'
        found = wait_until(lambda: [path for part in ('new', 'cur') if (junk / part).is_dir()
                                    for path in (junk / part).iterdir()], dovecot.log)
        assert is_junk(found[0], 'To Dovecot') and not dovecot.mailbox('ann@contoso.com')

        postern.cmdlet('Set-AntiPhishPolicy Default -DmarcQuarantineAction Quarantine')
        send(postern, 'Kept from Dovecot')
        identity = one_kept(postern, 'Kept from Dovecot')['Identity']
        postern.cmdlet(f'Release-QuarantineMessage {identity} -ReleaseToAll')
        (file,) = dovecot.mailbox('ann@contoso.com')
        assert 'Subject: Kept from Dovecot' in file.read_text() and 'X-Postern-Released' in file.read_text()
        postern.cmdlet('Set-AcceptedDomain contoso.com -NextHop $null -JunkDelivery header')
