"""The extensions of RejectDirectSend that look at the content, and the marks of look-alikes.

Own mail is signed with a real key, lists and forwarders really change and seal it, and the client
is swaks or says what the test says. The numbers are those of the test table.
"""
import re
import subprocess

import dkim
import pytest

from conftest import CONTOSO, temporary_folder
from dns_server import DnsServer
from judged import assert_judged_again
from postern import ZONE, Postern
from replies import DIRECT_SEND
from signing import make_keys
from smtp_session import TAIL, SmtpSession, message
from waiting import wait_until

EXT = '203.0.113.9'
OWN_CLOUD = '203.0.113.10'  # in the SPF record of contoso.com
PRINTER = '198.51.100.7'

CHECK = 'Set-OrganizationConfig -RejectDirectSendCheckHeaderFrom {}'
ALLOW = 'Set-OrganizationConfig -RejectDirectSendAllowAuthenticated {}'
UNPROVEN = DIRECT_SEND + ': {} has its domain contoso.com, and neither SPF nor DKIM proves it'

MORE = '''\
lists.test.             TXT "v=spf1 ip4:203.0.113.9 -all"
forwarder.test.         TXT "v=spf1 ip4:203.0.113.9 -all"
bounces.contoso.com.    TXT "v=spf1 ip4:203.0.113.9 -all"
'''


@pytest.fixture(scope='module')
def world(certificates, tmp_path_factory):
    private, public = make_keys(tmp_path_factory.mktemp('keys'))
    keys = ''.join(f'{name} TXT "v=DKIM1; p=" {public}\n'
                   for name in ('s1._domainkey.contoso.com.', 's1._domainkey.contoso.onmicrosoft.com.',
                                's1._domainkey.phish.test.', 'arc._domainkey.lists.test.'))
    with DnsServer(ZONE + MORE + keys) as dns, temporary_folder() as folder:
        dns.broken.add('slow._domainkey.contoso.com')
        postern = Postern(folder, certificates)
        postern.tables['dns'] = {'servers': [dns.endpoint]}
        postern.write_config()
        with postern:
            postern.cmdlets(*CONTOSO)
            yield postern, private
            assert_judged_again(postern)


@pytest.fixture
def settings(world):
    """Changes settings for the time of a test."""
    undo = []

    def change(line, back):
        world[0].cmdlet(line)
        undo.append(back)

    yield change
    for line in reversed(undo):
        world[0].cmdlet(line)


@pytest.fixture
def check(settings):
    settings(CHECK.format('$true'), CHECK.format('$false'))


@pytest.fixture
def allow(settings):
    settings(ALLOW.format('$true'), ALLOW.format('$false'))


class Sent:
    """One message, and what came of it: the last reply, the rows, the delivered files."""

    def __init__(self, world, content, reverse_path='x@phish.test', client=EXT, recipients=('ann@contoso.com',)):
        postern = world[0]
        before = {each: set(postern.mailbox(each)) for each in recipients}
        with SmtpSession(postern.proxied, proxy=client) as session:
            session.ehlo('mail.bank.test')
            assert session.mail(reverse_path).code == 250
            for recipient in recipients:
                self.reply = session.rcpt(recipient)
                if self.reply.code != 250:
                    break
            else:
                self.reply = session.data(content)
        name = re.search(r'id ([0-9a-f-]{36})|([0-9A-F]{16})\]$', self.reply.line)
        rows = wait_until(lambda: (found := [row for row in postern.objects('Get-MessageTraceV2')
                                             if name[1] == row['MessageTraceId'] or name[2] == row['Session']])
                          and len(found) == len(recipients) and found, f'the rows of {self.reply.line}')
        self.rows = {row['RecipientAddress']: row for row in rows}
        self.row = self.rows[recipients[0]]
        self.reasons = self.row['Reason']
        self.files = [file for each in recipients for file in set(postern.mailbox(each)) - before[each]]

    @property
    def sentence(self):
        return TAIL.sub('', self.reply.line)

    def header(self):
        (file,) = self.files
        return re.sub(rb'\r?\n[ \t]+', b' ', file.read_bytes()).partition(b'\n\n')[0].decode('latin-1')


def signed(world, content, domain=b'contoso.com', selector=b's1'):
    return dkim.sign(content, selector, domain, world[1]) + content


def with_footer(content):
    return content + b'-- \r\nYou get this because you are on the list.\r\n'


def sealed(world, content, results):
    """As a list passes it on that found `results` before it changed the message."""
    content = b'Authentication-Results: lists.test; ' + results + b'\r\n' + content
    return b''.join(dkim.arc_sign(content, b'arc', b'lists.test', world[1], b'lists.test')) + content


FORGED = message('Ceo <ceo@contoso.com>', 'Urgent')


# ------------------------------------------------------------------ the two attacks, by swaks

def swaks(postern, *arguments):
    return subprocess.run(['swaks', '--server', postern.smtp[0], '--port', str(postern.smtp[1]), '--to', 'ann@contoso.com',
                           '--helo', 'client.example', '--timeout', '20', *map(str, arguments)],
                          capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize('reverse_path', ['evil@phish.test', '<>'])
def test_9_12_swaks_with_an_own_author_and_a_foreign_reverse_path(world, settings, reverse_path):
    attack = ('--from', reverse_path, '--h-From', 'Ceo <ceo@contoso.com>')
    before = swaks(world[0], *attack)
    assert before.returncode == 0, before.stdout
    settings(CHECK.format('$true'), CHECK.format('$false'))
    after = swaks(world[0], *attack)
    # At RCPT there is nothing to see yet; 26 is swaks' word for a refusal after the data.
    assert after.returncode == 26, after.stdout
    assert f'<** {UNPROVEN.format("the From field")} [mx.contoso.test ' in after.stdout


def test_1_swaks_with_an_own_reverse_path_is_refused_at_once_or_after_the_data(world, settings):
    attack = ('--from', 'ceo@contoso.com')
    done = swaks(world[0], *attack)
    assert done.returncode == 24 and f'<** {DIRECT_SEND} [mx.contoso.test ' in done.stdout
    settings(ALLOW.format('$true'), ALLOW.format('$false'))
    done = swaks(world[0], *attack)
    assert done.returncode == 26 and f'<** {UNPROVEN.format("MAIL FROM")} [mx.contoso.test ' in done.stdout


# ------------------------------------------------------------------ RejectDirectSendCheckHeaderFrom

def test_9_both_off_nothing_changes(world):
    sent = Sent(world, FORGED)
    assert sent.reply.code == 250 and len(sent.files) == 1
    assert not any('FromField' in reason or 'HeaderFrom' in reason for reason in sent.reasons)
    sent = Sent(world, signed(world, FORGED), 'app@contoso.com', OWN_CLOUD)
    assert sent.sentence == DIRECT_SEND and sent.reasons == ['RejectDirectSend']


def test_9_the_from_field_is_refused_and_the_trace_says_why(world, check):
    def refused():
        return world[0].metric('postern_decisions_total', decision='Reject', code='5.7.68')

    before = refused()
    sent = Sent(world, FORGED, recipients=('ann@contoso.com', 'bob@contoso.com'))
    assert sent.sentence == UNPROVEN.format('the From field')
    for row in sent.rows.values():
        assert (row['Decision'], row['Status'], row['CompAuth']) == ('Reject', 'Failed', 'fail 601')
        assert row['Reason'][0] == 'RejectDirectSendCheckHeaderFrom: contoso.com' and row['Reply'] == sent.reply.line
    assert not sent.files and refused() == before + 2


def test_without_the_switch_the_option_does_nothing(world, check, settings):
    settings('Set-OrganizationConfig -RejectDirectSend $false', 'Set-OrganizationConfig -RejectDirectSend $true')
    assert Sent(world, FORGED).reply.code == 250


@pytest.mark.parametrize('author', ['Ceo <ceo@relay.contoso.net>', 'ceo@a.relay.contoso.net', 'x@phish.test, ceo@CONTOSO.com'])
def test_any_own_author_domain_counts(world, check, author):
    assert Sent(world, message(author)).sentence.startswith(DIRECT_SEND + ': the From field has its domain ')


@pytest.mark.parametrize('author', ['bob@phish.test', 'x@bounces.contoso.com', '"ceo@contoso.com" <x@phish.test>'])
def test_a_foreign_author_is_no_claim(world, check, author):
    assert Sent(world, message(author)).reply.code == 250


def test_a_connector_excuses_its_recipients(world, check, settings):
    settings(f'New-InboundConnector Printers -SenderDomains * -SenderIPAddresses {PRINTER} -RequireTls $false',
             'Remove-InboundConnector Printers')
    assert Sent(world, FORGED, client=PRINTER).reply.code == 250
    settings('Set-InboundConnector Printers -AssociatedAcceptedDomains relay.contoso.net',
             'Set-InboundConnector Printers -AssociatedAcceptedDomains $null')
    both = ('somebody@relay.contoso.net', 'ann@contoso.com')
    sent = Sent(world, FORGED, client=PRINTER, recipients=both)
    assert sent.reply.code == 250
    assert {each: row['Status'] for each, row in sent.rows.items()} == {both[0]: 'FilteredAsSpam', both[1]: 'Quarantined'}
    assert sent.rows[both[1]]['Reason'][0] == ('RejectDirectSendCheckHeaderFrom: contoso.com, '
                                               'kept because other recipients get it')
    assert Sent(world, FORGED, client=PRINTER, recipients=both[1:]).reply.code == 550


def test_13_proof_lets_it_through(world, check):
    sent = Sent(world, signed(world, FORGED))
    assert sent.reply.code == 250 and sent.reasons[0] == 'FromFieldProven: DKIM of contoso.com (selector s1)'
    assert sent.row['CompAuth'].startswith('pass ')
    sent = Sent(world, FORGED, 'x@bounces.contoso.com')
    assert sent.reply.code == 250 and sent.reasons[0] == 'FromFieldProven: SPF of bounces.contoso.com'
    # A signature of his own proves only who he is.
    assert Sent(world, signed(world, FORGED, b'phish.test')).reply.code == 550
    # And one whose body was changed, nothing.
    assert Sent(world, with_footer(signed(world, FORGED))).reply.code == 550


def test_while_the_dns_could_prove_it_the_client_is_asked_to_come_again(world, check):
    sent = Sent(world, signed(world, FORGED, selector=b'slow'))
    assert sent.sentence == ('451 4.7.68 TenantInboundAttribution; the From field has a domain of this organization, and '
                             'DKIM of contoso.com (selector slow) cannot be checked because the DNS does not answer, '
                             'please try again later')
    assert (sent.row['Decision'], sent.row['Status']) == ('Defer', 'Pending')
    # That answer could not save another one.
    other = message('Ceo <ceo@relay.contoso.net>, x@contoso.com')
    assert Sent(world, signed(world, other, b'phish.test', b'gone')).reply.code == 550


# ------------------------------------------------------------------ own mail that comes back

def test_a_list_that_rewrites_nothing(world, check):
    sent = Sent(world, signed(world, message('Ann <ann@contoso.com>')), 'list-bounces@lists.test')
    assert sent.reply.code == 250 and sent.row['CompAuth'] == 'pass 109' and sent.row['Status'] == 'Delivered'


def test_own_mail_is_known_by_any_own_signature(world, check):
    """As Exchange Online signs: by the onmicrosoft.com name, which is not aligned."""
    sent = Sent(world, signed(world, message('Ann <ann@contoso.com>'), b'contoso.onmicrosoft.com'), 'list-bounces@lists.test')
    assert sent.reasons[0] == 'FromFieldProven: DKIM of contoso.onmicrosoft.com (selector s1)'
    assert (sent.row['CompAuth'], sent.row['Status']) == ('pass 115', 'Delivered')


def test_a_list_that_adds_a_footer_is_believed_if_its_seal_is_trusted(world, check, settings):
    content = sealed(world, with_footer(signed(world, message('Ann <ann@contoso.com>'))),
                     b'spf=pass smtp.mailfrom=contoso.com; dkim=pass header.d=contoso.com')
    # Without the trust it is anybody's, as it is without a seal.
    assert Sent(world, content, 'list-bounces@lists.test').sentence == UNPROVEN.format('the From field')
    settings('Set-ArcConfig -ArcTrustedSealers lists.test', 'Set-ArcConfig -ArcTrustedSealers $null')
    sent = Sent(world, content, 'list-bounces@lists.test')
    assert sent.reply.code == 250 and sent.reasons[0] == 'FromFieldProven: DKIM of contoso.com, sealed by lists.test'
    assert (sent.row['CompAuth'], sent.row['Status']) == ('pass 108', 'Delivered')
    # What the list saw of a stranger is no proof.
    forged = sealed(world, FORGED, b'spf=pass smtp.mailfrom=phish.test; dkim=none')
    assert Sent(world, forged, 'list-bounces@lists.test').reply.code == 550


def test_a_list_that_adds_a_footer_and_no_seal_is_refused(world, check):
    content = with_footer(signed(world, message('Ann <ann@contoso.com>')))
    assert Sent(world, content, 'list-bounces@lists.test').sentence == UNPROVEN.format('the From field')


def test_47_48_an_srs_forwarder_keeps_the_signature(world, check):
    content = message('Ann <ann@contoso.com>')
    srs = 'srs0=ab=cd=contoso.com=ann@forwarder.test'
    assert Sent(world, signed(world, content), srs, recipients=('bob@contoso.com',)).row['Status'] == 'Delivered'
    assert Sent(world, content, srs).reply.code == 550


def test_47_a_forwarder_without_srs_needs_the_other_option(world, allow):
    content = signed(world, message('Ann <ann@contoso.com>'))
    sent = Sent(world, content, 'ann@contoso.com', recipients=('bob@contoso.com',))
    assert sent.reply.code == 250 and sent.reasons[0] == 'DirectSendProven: DKIM of contoso.com (selector s1)'


# ------------------------------------------------------------------ RejectDirectSendAllowAuthenticated

def test_13_proven_direct_send_gets_through(world, allow):
    sent = Sent(world, message('app@contoso.com'), 'app@contoso.com', OWN_CLOUD)
    assert sent.reply.code == 250 and len(sent.files) == 1
    assert sent.reasons == ['DirectSendProven: SPF of contoso.com', 'DirectSendToBeProven']
    assert (sent.row['DirectSend'], sent.row['Status']) == (True, 'Delivered')
    assert 'X-Postern-Direct-Send: true' in sent.header()
    sent = Sent(world, signed(world, message('app@contoso.com')), 'app@contoso.com')
    assert sent.reasons[0] == 'DirectSendProven: DKIM of contoso.com (selector s1)'


def test_1_what_is_not_proven_is_refused_after_the_content(world, allow):
    sent = Sent(world, message('app@contoso.com'), 'app@contoso.com', recipients=('ann@contoso.com', 'bob@contoso.com'))
    assert sent.sentence == UNPROVEN.format('MAIL FROM')
    for row in sent.rows.values():
        assert (row['Decision'], row['Status']) == ('Reject', 'Failed')
        assert row['Reason'] == ['RejectDirectSend', 'DirectSendToBeProven']
    assert Sent(world, signed(world, message('app@contoso.com'), selector=b'slow'), 'app@contoso.com').sentence.startswith(
        '451 4.7.68 TenantInboundAttribution; MAIL FROM has a domain of this organization, and DKIM of contoso.com ')


def test_the_option_without_the_switch_changes_nothing(world, allow, settings):
    settings('Set-OrganizationConfig -RejectDirectSend $false', 'Set-OrganizationConfig -RejectDirectSend $true')
    sent = Sent(world, message('app@contoso.com'), 'app@contoso.com')
    assert sent.reply.code == 250 and 'DirectSend' in sent.reasons
    assert not any('Proven' in reason for reason in sent.reasons)


def test_both_options_together(world, allow, check):
    assert Sent(world, FORGED).sentence == UNPROVEN.format('the From field')
    assert Sent(world, FORGED, 'ceo@contoso.com').sentence == UNPROVEN.format('MAIL FROM')
    assert Sent(world, signed(world, FORGED)).reply.code == 250
    assert Sent(world, signed(world, FORGED), 'ceo@contoso.com').reply.code == 250


# ------------------------------------------------------------------ marks

@pytest.mark.parametrize('author, reason, field', [
    ('Ann <ann@c0ntoso.test>', 'LookAlikeDomain: c0ntoso.test resembles contoso.', 'X-Postern-Look-Alike-Domain: c0ntoso.test'),
    ('ann@mail.contosso.test', 'LookAlikeDomain: mail.contosso.test resembles contoso.', 'X-Postern-Look-Alike-Domain: mail.'),
    ('ann@xn--contos-1qf.test', 'LookAlikeDomain: xn--contos-1qf.test resembles contoso.', 'X-Postern-Look-Alike-Domain: xn--'),
    ('"ceo@contoso.com" <x@evil.test>', 'DisplayNameCarriesOwnAddress: ceo@contoso.com',
     'X-Postern-Own-Address-In-Name: ceo@contoso.com'),
])
def test_look_alikes_are_marked_and_delivered(world, author, reason, field):
    sent = Sent(world, message(author, fields='X-Postern-Look-Alike-Domain: forged\n'))
    assert sent.reply.code == 250 and sent.row['Status'] == 'Delivered'
    assert any(one.startswith(reason) for one in sent.reasons), sent.reasons
    assert f'\n{field}' in sent.header() and 'forged' not in sent.header()


def test_honest_authors_have_no_marks(world):
    sent = Sent(world, message('Bob <bob@bank.test>'))
    assert sent.reasons == [] and 'Look-Alike' not in sent.header() and 'In-Name' not in sent.header()
