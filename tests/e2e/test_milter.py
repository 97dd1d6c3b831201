"""The milter: a real Postfix asks posternd, and the judgement is that of the SMTP edge.

The case files of tests/cases are played twice: by SMTP to posternd itself, and by SMTP to a
Postfix whose milter posternd is. XCLIENT gives Postfix the client's address. What no Postfix
would say is said by milter_client.py.
"""
import random
import re
import struct

import pytest

import case_files
from conftest import CONTOSO, temporary_folder
from hop_server import HopServer
from judged import assert_judged_again
from milter_client import NEGOTIATE, MilterClient, connect, content, envelope, packet
from milter_postern import MilterPostern
from postern import ZONE
from postfix import Postfix, needs_root
from replies import DIRECT_SEND, NO_FROM_FIELD, UNKNOWN_RECIPIENT
from smtp_session import SmtpSession, client_context, message
from waiting import wait_until

EXT = '203.0.113.9'
TAIL = re.compile(r' \[mx\.contoso\.com \S+Z [0-9A-F]{16}\]$')

# The DNS of these tests has no name for the address, and answers always.
OTHER_DNS = {'present', 'temporary-failure'}


@pytest.fixture(scope='module')
def judge(certificates):
    with temporary_folder() as folder, HopServer('smtp') as smart_host, \
            MilterPostern(folder, certificates, delivery={'relay': smart_host.url}) as postern:
        yield postern
        assert_judged_again(postern)


@pytest.fixture(scope='module')
def contoso(judge):
    start_over(judge, CONTOSO)
    return judge


def postfix_settings(postern, certificates, **more):
    return {'mailboxes': ['ann@contoso.com', 'bob@contoso.com'], 'myhostname': 'mx.contoso.com',
            'smtpd_milters': 'inet:%s:%d' % postern.milter, 'milter_default_action': 'tempfail', 'milter_protocol': '6',
            'smtpd_tls_security_level': 'may', 'smtpd_tls_ask_ccert': 'yes', 'smtpd_tls_CAfile': certificates.trust_anchors,
            'smtpd_tls_cert_file': certificates.server.certificate, 'smtpd_tls_key_file': certificates.server.key,
            # Postfix itself takes everything from everybody, from any address.
            'smtpd_authorized_xclient_hosts': '127.0.0.0/8', 'mynetworks': '0.0.0.0/0 [::]/0',
            'local_header_rewrite_clients': '', 'smtpd_reject_unlisted_recipient': 'no',
            'smtpd_error_sleep_time': '0', 'inet_protocols': 'all', **more}


@pytest.fixture(scope='module')
def postfix(judge, certificates):
    with temporary_folder() as folder, Postfix(folder, **postfix_settings(judge, certificates)) as postfix:
        yield postfix


def start_over(postern, cmdlets):
    organizations = [row['Name'] for row in postern.objects('Get-Organization')]
    postern.cmdlets(*[f'Remove-Organization {name}' for name in organizations], *cmdlets)


class ByPostfix(SmtpSession):
    """A session with Postfix, which takes us for the client at `proxy`."""

    def __init__(self, server, proxy):
        super().__init__(server)
        self.ehlo()
        address = f'IPV6:{proxy}' if ':' in proxy else proxy
        assert self.command(f'XCLIENT NAME=[UNAVAILABLE] ADDR={address}').code == 220


@pytest.fixture(scope='module')
def certificate_of(certificates):
    """Certificates by their names, made when they are wanted."""
    made = {}

    def make(names):
        key = tuple(names)
        if key not in made:
            san = 'subjectAltName=' + ','.join(f'DNS:{name}' for name in names)
            made[key] = certificates.issue(f'case-{len(made)}', f'/CN={names[0]}', certificates.root, san)
        return made[key]

    return make


def ask(question, session, certificate_of):
    with session:
        session.ehlo(question.hello)
        if question.tls:
            session.starttls(client_context(*certificate_of(question.names)) if question.names else None)
            session.ehlo(question.hello)
        parameters = '' if (question.reverse_path + question.forward_path).isascii() else ' SMTPUTF8'
        assert session.mail(question.reverse_path, parameters).code == 250
        return session.rcpt(question.forward_path)


def sentence(reply):
    """Postfix has words of its own for what is accepted. Exchange's `451 5.7.3` has codes of two
    classes, which no MTA takes from a milter."""
    return '250' if reply.code == 250 else TAIL.sub('', reply.line).replace('451 4.7.3 ', '451 5.7.3 ')


def last_decision(postern, count):
    """What the log says of the `count`th recipient; the trace has the same record."""
    lines = postern.logged('rcpt', count)
    wanted = ('client', 'hello', 'reverse_path', 'forward_path', 'organization', 'connector', 'direct_send', 'decision', 'reasons')
    return {key: lines[count - 1].get(key) for key in wanted}


@needs_root
@pytest.mark.parametrize('question', case_files.questions(), ids=lambda question: question.name)
def test_the_same_cases_have_the_same_answers(question, judge, postfix, certificate_of):
    if question.reverse_name in OTHER_DNS:
        pytest.skip('the DNS of this test has no name for the address')
    start_over(judge, question.cmdlets)
    seen = len(judge.log('rcpt'))
    by_smtp = ask(question, SmtpSession(judge.proxied, proxy=question.client), certificate_of)
    decision = last_decision(judge, seen + 1)
    by_milter = ask(question, ByPostfix(postfix.smtp, question.client), certificate_of)
    assert sentence(by_smtp).startswith(question.reply[:3] if by_smtp.code == 250 else question.reply)
    if len(question.names) > 1:
        # Only the first name is the CN, and Postfix tells of no other.
        assert by_smtp.code == 250 and by_milter.code == 550
        return
    assert sentence(by_milter) == sentence(by_smtp)
    assert TAIL.search(by_milter.line) or by_milter.code == 250
    assert last_decision(judge, seen + 2) == decision


def delivered(postfix, subject, address='ann@contoso.com'):
    marker = f'\nSubject: {subject}\n'.encode()
    return wait_until(lambda: [path for path in postfix.mailbox(address) if marker in path.read_bytes()], postfix.log)


def send(session, content, recipients=('ann@contoso.com',), reverse_path='bob@bank.test'):
    with session:
        session.ehlo()
        assert session.mail(reverse_path).code == 250
        replies = [session.rcpt(recipient) for recipient in recipients]
        return replies, session.data(content)


def results(text):
    """The Authentication-Results of ours, unfolded."""
    (field,) = re.findall(r'^(Authentication-Results: mx\.contoso\.com;(?:.*\n[ \t])*.*)\n', text, re.M)
    return ' '.join(field.split())


@needs_root
def test_the_trace_of_both_has_the_same_rows(contoso, postfix):
    envelopes = [('printer@contoso.com', 'ann@contoso.com'), ('bob@bank.test', 'nobody@contoso.com'),
                 ('bob@bank.test', 'ann@contoso.com')]
    sessions = {'198.51.100.21': lambda client: SmtpSession(contoso.proxied, proxy=client),
                '198.51.100.22': lambda client: ByPostfix(postfix.smtp, client)}
    tables = []
    for client, begin in sessions.items():
        for reverse_path, forward_path in envelopes:
            send(begin(client), message(), [forward_path], reverse_path)
        rows = contoso.trace(f'-FromIP {client}', len(envelopes))
        keys = ('SenderAddress', 'RecipientAddress', 'Status', 'Decision', 'DirectSend', 'Reason', 'Subject', 'Spf', 'Dmarc')
        tables.append(sorted(([row.get(key) for key in keys] + [' '.join(row['Reply'].split()[:2])] for row in rows), key=str))
    assert len(tables[0]) == len(envelopes)
    assert tables[0] == tables[1]


@needs_root
def test_a_message_is_stamped_and_forged_fields_go(contoso, postfix):
    forged = ('Authentication-Results: mx.other.test; spf=pass\n'
              'X-Postern-Direct-Send: false\n'
              'Authentication-Results: MX.Contoso.com; dmarc=pass\n'
              'X-MS-Exchange-Organization-AuthAs:\n Internal\n'
              'X-Kept: a\n\tfold\n')
    replies, end = send(ByPostfix(postfix.smtp, EXT), message('Bob <bob@bank.test>', 'stamped', forged),
                        ['ann@contoso.com', 'nobody@contoso.com', 'bob@contoso.com'])
    assert [reply.code for reply in replies] == [250, 550, 250] and end.code == 250
    assert TAIL.sub('', replies[1].line) == UNKNOWN_RECIPIENT
    for address in ('ann@contoso.com', 'bob@contoso.com'):
        (file,) = delivered(postfix, 'stamped', address)
        text = file.read_text()
        # Postfix's own delivery writes these on top; then we begin, above Postfix's Received.
        names = [name for name in re.findall(r'^([\w-]+):', text.split('\n\n')[0], re.M)
                 if name not in ('Return-Path', 'X-Original-To', 'Delivered-To')]
        assert names == ['X-Postern-Message-Trace-Id', 'X-Postern-Directionality', 'X-Postern-Auth-As', 'Authentication-Results',
                         'Received-SPF', 'Received-SPF', 'Received', 'From', 'To', 'Subject', 'Date', 'Message-ID', 'Authentication-Results',
                         'X-Kept']
        assert 'X-Kept: a\n\tfold\n' in text and 'spf=pass' in results(text)
        assert '\r' not in text
    (row,) = contoso.objects('Get-MessageTraceV2 -Subject stamped -RecipientAddress ann@contoso.com')
    assert (row['Status'], row['NextHop'], row['Size'] > 100) == ('Delivered', 'milter', True)


@needs_root
def test_signatures_verify_over_the_true_octets(certificates):
    dkim = pytest.importorskip('dkim')
    from signing import make_keys
    with temporary_folder() as folder:
        private, public = make_keys(folder)
        zone = ZONE + f's1._domainkey.bank.test. TXT "v=DKIM1; p=" {public}\n'
        (folder / 'posternd').mkdir()
        (folder / 'postfix').mkdir(mode=0o755)
        with MilterPostern(folder / 'posternd', certificates, zone=zone) as postern, \
                Postfix(folder / 'postfix', **postfix_settings(postern, certificates)) as postfix:
            postern.cmdlets(*CONTOSO)
            # Simple canonicalization sees every blank, fold and empty line.
            body = 'Hello.\n\n.dot\n' + 'x' * 70_000 + '\n\n\n'
            plain = message('Bob <bob@bank.test>', 'signed', 'X-Odd:tight\nX-Fold: a\n \tb  \nX-Empty:\n', body)
            for canonicalize in ((b'simple', b'simple'), (b'relaxed', b'relaxed')):
                signed = dkim.sign(plain, b's1', b'bank.test', private, canonicalize=canonicalize,
                                   include_headers=[b'from', b'subject', b'x-odd', b'x-fold', b'x-empty']) + plain
                fields = []
                for session, mailbox in ((SmtpSession(postern.proxied, proxy=EXT), postern),
                                         (ByPostfix(postfix.smtp, EXT), postfix)):
                    before = set(mailbox.mailbox('ann@contoso.com'))
                    assert send(session, signed)[1].code == 250
                    (file,) = wait_until(lambda: set(mailbox.mailbox('ann@contoso.com')) - before, postfix.log)
                    fields.append(results(file.read_text()))
                assert 'dkim=pass' in fields[0] and 'dmarc=' in fields[0]
                assert fields[1] == fields[0]


@needs_root
def test_a_quarantined_message_waits_in_the_hold_queue(judge, postfix):
    """Where every recipient's policy says so; where only one's does, the one copy is junk for all."""
    forged = {subject: message('Ceo <ceo@contoso.com>', subject) for subject in ('held', 'junk for both')}
    start_over(judge, CONTOSO)
    judge.cmdlets('Set-AntiPhishPolicy Default -AuthenticationFailAction Quarantine')
    _, end = send(ByPostfix(postfix.smtp, EXT), forged['held'], reverse_path='x@bank.test')
    assert end.code == 250
    (row,) = judge.objects('Get-MessageTraceV2 -Subject held')
    assert (row['Status'], row['NextHop']) == ('Quarantined', 'milter')
    (held,) = wait_until(postfix.held, postfix.log)
    assert b'Subject: held' in held.read_bytes()
    assert not any(b'Subject: held' in path.read_bytes() for path in postfix.mailbox('ann@contoso.com'))

    judge.cmdlets('New-AntiPhishPolicy Mild -AuthenticationFailAction MoveToJmf',
                  'New-AntiPhishRule Mild -AntiPhishPolicy Mild -SentTo bob@contoso.com')
    both = ('ann@contoso.com', 'bob@contoso.com')
    assert send(ByPostfix(postfix.smtp, EXT), forged['junk for both'], both, 'x@bank.test')[1].code == 250
    for address in both:
        (file,) = delivered(postfix, 'junk for both', address)
        assert '\nX-Spam-Flag: YES\n' in file.read_text()
    rows = judge.objects('Get-MessageTraceV2 -Subject "junk for both"')
    assert [row['Status'] for row in rows] == ['FilteredAsSpam'] * 2
    start_over(judge, CONTOSO)


@needs_root
def test_an_own_author_whom_nothing_proves_is_refused_after_the_content(judge, postfix):
    start_over(judge, [*CONTOSO, 'Set-OrganizationConfig -RejectDirectSendCheckHeaderFrom $true'])
    both = ('ann@contoso.com', 'bob@contoso.com')
    replies, end = send(ByPostfix(postfix.smtp, EXT), message('Ceo <ceo@contoso.com>', 'claimed'), both, 'x@bank.test')
    assert [reply.code for reply in replies] == [250, 250]
    assert TAIL.sub('', end.line) == (DIRECT_SEND + ': the From field has its domain contoso.com, '
                                      'and neither SPF nor DKIM proves it')
    rows = judge.objects('Get-MessageTraceV2 -Subject claimed')
    assert [(row['Decision'], row['Reason'][0]) for row in rows] == [
        ('Reject', 'RejectDirectSendCheckHeaderFrom: contoso.com')] * 2
    start_over(judge, CONTOSO)


@needs_root
def test_content_is_refused_with_our_words(contoso, postfix):
    without_author = message(subject='no author').replace(b'From: ', b'X-Was-From: ', 1)
    _, end = send(ByPostfix(postfix.smtp, EXT), without_author)
    assert TAIL.sub('', end.line) == NO_FROM_FIELD
    assert not any(b'no author' in path.read_bytes() for path in postfix.mailbox('ann@contoso.com'))


@needs_root
def test_several_messages_in_one_session(contoso, postfix):
    with ByPostfix(postfix.smtp, EXT) as session:
        session.ehlo()
        for number in range(3):
            assert session.mail('bob@bank.test').code == 250
            assert session.rcpt('ann@contoso.com').code == 250
            assert session.data(message(subject=f'one of three {number}')).code == 250
            assert session.mail('printer@contoso.com').code == 250
            assert TAIL.sub('', session.rcpt('ann@contoso.com').line) == DIRECT_SEND
            session.command('RSET')
    for number in range(3):
        assert len(delivered(postfix, f'one of three {number}')) == 1


@needs_root
def test_without_posternd_postfix_defers(certificates):
    with temporary_folder() as folder:
        (folder / 'posternd').mkdir()
        (folder / 'postfix').mkdir(mode=0o755)
        with MilterPostern(folder / 'posternd', certificates) as postern, \
                Postfix(folder / 'postfix', **postfix_settings(postern, certificates)) as postfix:
            postern.cmdlets(*CONTOSO)
            assert send(ByPostfix(postfix.smtp, EXT), message(subject='before'))[1].code == 250
            postern.kill()
            with SmtpSession(postfix.smtp) as session:
                session.ehlo()
                replies = [session.mail('bob@bank.test'), session.rcpt('ann@contoso.com')]
                assert any(reply.line.startswith('451 4.7.1 ') for reply in replies)
                assert not any(reply.code == 250 for reply in replies[1:])
            postern.start()
            assert send(ByPostfix(postfix.smtp, EXT), message(subject='after'))[1].code == 250


# ------------------------------------------------------------------ an MTA that misbehaves

WHOLE = (NEGOTIATE + connect(EXT) + envelope('bob@bank.test', 'ann@contoso.com')
         + content([('From', ' bob@bank.test'), ('Subject', ' by hand')]))


def test_a_scripted_mta_is_served(contoso):
    with MilterClient(contoso.milter) as mta:
        mta.send(WHOLE + packet('Q'))
        packets = mta.read_packets()
    assert [code for code, _ in packets[:4]] == ['O', 'c', 'c', 'c']
    assert [code for code, _ in packets[4:]][-1] == 'c' and {code for code, _ in packets[4:-1]} == {'i'}


def test_cut_at_every_octet_nothing_is_accepted_and_nobody_hangs(contoso):
    """Each beginning of a dialog, then the end of the connection: posternd closes it, and has said
    nothing that lets the message pass."""
    ends = contoso.metric('postern_milter_connections_total')
    for cut in range(len(WHOLE)):
        with MilterClient(contoso.milter) as mta:
            mta.send(WHOLE[:cut])
            mta.finish()
            codes = [code for code, _ in mta.read_packets()]
            assert codes == ['O', 'c', 'c', 'c'][:len(codes)], cut
    assert contoso.is_healthy()
    assert contoso.metric('postern_milter_connections_total') == ends + len(WHOLE)


@pytest.mark.parametrize('garbage', [
    pytest.param(b'EHLO client.example\r\nMAIL FROM:<bob@bank.test>\r\n', id='SMTP'),
    pytest.param(b'GET / HTTP/1.1\r\nHost: mx\r\n\r\n', id='HTTP'),
    pytest.param(struct.pack('!I', 0), id='empty'),
    pytest.param(struct.pack('!I', 0xffffffff) + b'B', id='overlong'),
    pytest.param(NEGOTIATE + packet('!'), id='unknown'),
    pytest.param(NEGOTIATE + NEGOTIATE, id='negotiates-twice'),
    pytest.param(NEGOTIATE + packet('E'), id='end-of-nothing'),
    pytest.param(NEGOTIATE + connect(EXT) + packet('C', b'x'), id='malformed'),
    pytest.param(packet('O', struct.pack('!III', 6, 0, 0)), id='no-field-changes'),
])
def test_garbage_closes_the_connection(contoso, garbage):
    with MilterClient(contoso.milter) as mta:
        mta.send(garbage)
        assert {code for code, _ in mta.read_packets()} <= {'O'}


def test_noise_never_passes_a_message(contoso):
    """Octets of a good dialog changed at random (with a seed of its own)."""
    noise = random.Random(20250129)
    for _ in range(300):
        octets = bytearray(WHOLE)
        for _ in range(noise.randint(1, 8)):
            octets[noise.randrange(len(octets) - 5)] = noise.randrange(256)
        with MilterClient(contoso.milter) as mta:
            try:
                mta.send(bytes(octets))
                mta.finish()
            except (BrokenPipeError, ConnectionResetError):
                pass
            mta.read_packets()
    assert contoso.is_healthy()


def test_slow_and_silent_mtas_are_let_go(certificates):
    with temporary_folder() as folder:
        with MilterPostern(folder, certificates, limits={'milter_idle_time': 2, 'milter_packet_time': 1}) as postern:
            for begin in (b'', NEGOTIATE, NEGOTIATE + connect(EXT)[:7]):
                with MilterClient(postern.milter) as mta:
                    mta.send(begin)
                    assert len(mta.read_packets()) == (1 if begin else 0)
            assert postern.metric('postern_milter_connections_total', ending='timed_out') == 3


def test_the_unix_socket(certificates):
    with temporary_folder() as folder:
        postern = MilterPostern(folder, certificates)
        path = folder / 'milter.sock'
        postern.tables['listener'].append({'protocol': 'milter', 'address': f'unix:{path}'})
        postern.write_config()
        with postern:
            postern.cmdlets(*CONTOSO)
            assert path.stat().st_mode & 0o777 == 0o660
            with MilterClient(path) as mta:
                mta.send(NEGOTIATE + connect(EXT) + envelope('printer@contoso.com', 'ann@contoso.com'))
                code, data = mta.read_packets(4)[-1]
            assert code == 'y' and data.startswith(DIRECT_SEND.encode()) and data.endswith(b']\0')


def test_two_clients_in_one_connection(contoso):
    """QUIT_NC: some MTAs keep the connection for the next client."""
    contoso.cmdlet('New-InboundConnector -Name Printers -SenderIPAddresses 198.51.100.7 -SenderDomains * -RequireTls $false')
    try:
        with MilterClient(contoso.milter) as mta:
            mta.send(NEGOTIATE)
            mta.read_packets(1)
            for client, wanted in (('198.51.100.7', 'c'), (EXT, 'y'), ('198.51.100.7', 'c')):
                mta.send(connect(client) + envelope('printer@contoso.com', 'ann@contoso.com') + packet('K'))
                assert mta.read_packets(3)[-1][0] == wanted
    finally:
        contoso.cmdlet('Remove-InboundConnector Printers')


def test_going_down_a_message_is_finished(certificates):
    with temporary_folder() as folder, MilterPostern(folder, certificates) as postern:
        postern.cmdlets(*CONTOSO)
        with MilterClient(postern.milter) as idle, MilterClient(postern.milter) as busy:
            idle.send(NEGOTIATE)
            idle.read_packets(1)
            busy.send(NEGOTIATE + connect(EXT) + envelope('bob@bank.test', 'ann@contoso.com'))
            busy.read_packets(4)
            postern.terminate()
            assert idle.read_packets() == []
            busy.send(content([('From', ' bob@bank.test')]))
            assert busy.read_packets()[-1][0] == 'c'
