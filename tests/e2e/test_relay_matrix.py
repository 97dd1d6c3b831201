"""Never an open relay: every cell of tests/cases/relay/matrix.txt by SMTP.

Each cell is a transaction with one recipient. What is accepted is sent, so that the smart host's
copies prove what went out: all that the table says, and nothing else. The unit test of the
decision reads the same table.
"""
import collections

import pytest

from case_files import FOLDER
from conftest import temporary_folder
from hop_server import HopServer
from judged import assert_judged_again
from postern import Postern
from smtp_session import SmtpSession, client_context, message

Client = collections.namedtuple('Client', 'address tls names')


class Matrix:
    def __init__(self):
        self.cmdlets, self.clients, self.senders, self.recipients, self.rows = [], {}, {}, {}, {}
        organization = ''
        for line in (FOLDER / 'relay/matrix.txt').read_text().splitlines():
            word, _, rest = line.strip().partition(' ')
            name, _, value = rest.strip().partition(' ')
            value = value.strip()
            if not word or word.startswith('#'):
                continue
            if word == 'organization':
                organization = name
                self.cmdlets.append(f'New-Organization -Name {name}')
            elif word == 'RejectDirectSend':
                self.cmdlets.append(f'Set-OrganizationConfig -RejectDirectSend {rest} -Organization {organization}')
            elif word in ('AcceptedDomain', 'Recipient', 'InboundConnector'):
                self.cmdlets.append(f'New-{word} {rest} -Organization {organization}')
            elif word == 'client':
                words = dict(part.strip().partition(' ')[::2] for part in value.split(';'))
                self.clients[name] = Client(words['client'], len(words) > 1, words.get('certificate', '').split())
            elif word == 'sender':
                self.senders[name] = value.strip('<>')
            elif word == 'recipient':
                self.recipients[name] = value
            elif word == 'table':
                columns = rest.split()
            else:
                sender, *cells = rest.split()
                self.rows[word, sender] = dict(zip(columns, cells, strict=True))


MATRIX = Matrix()


@pytest.fixture(scope='module')
def world(certificates):
    with temporary_folder() as folder, HopServer('smtp') as smart_host, \
            Postern(folder, certificates, delivery={'relay': smart_host.url}) as postern:
        postern.cmdlets(*MATRIX.cmdlets)
        yield postern, smart_host
        assert_judged_again(postern)


@pytest.fixture(scope='module')
def context_of(certificates):
    made = {}

    def make(client, names):
        # One that says the right name, and that nobody trusts.
        is_forged = client == 'forged-cert'
        name = 'mail.contoso.com' if is_forged else names[0] if names else None
        if name is None:
            return client_context()
        if client not in made:
            arguments = [f'matrix-{client}', f'/CN={name}', f'subjectAltName=DNS:{name}']
            made[client] = certificates._self_signed(*arguments) if is_forged \
                else certificates.issue(*arguments[:2], certificates.root, arguments[2])
        return client_context(*made[client])

    return make


def test_the_table_has_every_cell():
    assert set(MATRIX.rows) == {(client, sender) for client in MATRIX.clients for sender in MATRIX.senders}
    assert all(set(cells) == set(MATRIX.recipients) for cells in MATRIX.rows.values())


@pytest.mark.parametrize('client, sender', MATRIX.rows, ids='-'.join)
def test_row(world, context_of, client, sender):
    postern, smart_host = world
    address, tls, names = MATRIX.clients[client]
    subject = f'{client} {sender}'
    found = {}
    with SmtpSession(postern.proxied, proxy=address) as session:
        session.ehlo()
        if tls:
            session.starttls(context_of(client, names))
            session.ehlo()
        for recipient, forward_path in MATRIX.recipients.items():
            assert session.mail(MATRIX.senders[sender]).code == 250
            reply = session.rcpt(forward_path)
            if reply.code == 250:
                assert session.data(message(subject=f'{subject} {recipient}')).code == 250
                found[recipient] = 'accepted'
            else:
                found[recipient] = reply.text.split()[0]
                session.command('RSET')
    expected = MATRIX.rows[client, sender]
    assert found == {name: 'accepted' if cell in ('in', 'own', 'OUT') else cell for name, cell in expected.items()}
    # What went out, and to whom.
    outside = {forward_path.split(':')[-1]: f'Subject: {subject} {name}\r\n'.encode()
               for name, forward_path in MATRIX.recipients.items() if expected[name] == 'OUT'}
    marker = f'Subject: {subject} '.encode()
    sent = [(path, content) for path, content in smart_host.delivered if marker in content]
    assert len(sent) == sum(cell == 'OUT' for cell in expected.values())
    assert {path for path, _ in sent} == set(outside)
