"""Test-DirectSend over mail that was really sent: with the switch off it says who would be hit, with the
remedy it says nobody, and when the switch is really turned, exactly those are refused."""
import json

import pytest

from conftest import CONTOSO, temporary_folder
from postern import Postern
from replies import DIRECT_SEND
from smtp_session import SmtpSession, message

PRINTER, SCANNER, SERVICE, SPOOF, FOREIGN = '198.51.100.7', '192.0.2.40', '203.0.113.10', '203.0.113.66', '203.0.113.9'

# Client, HELO, reverse-path, forward-paths.
TRAFFIC = [
    (PRINTER, 'printer.contoso.com', 'printer@contoso.com', ['ann@contoso.com', 'bob@contoso.com']),
    (SCANNER, 'scanner.contoso.com', 'scanner@contoso.com', ['ann@contoso.com']),
    (SCANNER, 'scanner.contoso.com', 'scanner@contoso.com', ['bob@contoso.com', 'nobody@contoso.com']),
    (SERVICE, 'app.example', 'app@contoso.com', ['ann@contoso.com']),
    (SPOOF, '[203.0.113.66]', 'ann@contoso.com', ['ann@contoso.com']),
    (FOREIGN, 'mail.bank.test', 'bob@bank.test', ['ann@contoso.com', 'nobody@contoso.com']),
    (FOREIGN, 'mail.bank.test', '', ['ann@contoso.com']),
]


def send_all(postern):
    """{client: [the reply of each RCPT]}"""
    replies = {}
    for client, hello, reverse_path, forward_paths in TRAFFIC:
        with SmtpSession(postern.proxied, proxy=client) as session:
            session.ehlo(hello)
            assert session.mail(reverse_path).code == 250
            answers = [session.rcpt(forward_path) for forward_path in forward_paths]
            replies.setdefault(client, []).extend(answers)
            if any(answer.code == 250 for answer in answers):
                session.data(message(reverse_path or 'bob@bank.test'))
    return replies


def what_if(postern, line):
    """The objects, and what was told besides."""
    done = postern.run_postern('-c', f'{line} | ConvertTo-Json')
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout) if done.stdout.strip() else []
    return values if isinstance(values, list) else [values], done.stderr


@pytest.fixture(scope='module')
def world(certificates):
    with temporary_folder() as folder, Postern(folder, certificates) as postern:
        postern.cmdlets(*CONTOSO, 'Set-OrganizationConfig -RejectDirectSend $false',
                        'New-InboundConnector Printers -SenderDomains * -SenderIPAddresses 198.51.100.0/28 '
                        '-RequireTls $false')
        yield postern


def test_what_is_foretold_is_what_happens(world):
    postern = world
    before = send_all(postern)
    rows = sum(len(paths) for *_, paths in TRAFFIC)
    postern.trace(rows=rows)

    changed, told = what_if(postern, 'Test-DirectSend -RejectDirectSend $true')
    hit = {one['Source']: one['NewlyRefused'] for one in changed}
    assert hit == {SCANNER: 2, SERVICE: 1, SPOOF: 1}
    assert f'The trace has {rows} rows of that time' in told
    assert told.strip().endswith(
        'mail to 4 recipients from 3 sources would be refused that is accepted now: 1 recipient from 1 source probably '
        'yours, 3 recipients from 2 sources probably spoofs.')
    by_source = {one['Source']: one for one in changed}
    # The recipient that nobody knows is refused in any case.
    assert (by_source[SCANNER]['RefusedNow'], by_source[SCANNER]['RefusedThen']) == (1, 3)
    assert by_source[SERVICE]['Kind'] == 'Yours'
    assert by_source[SPOOF]['Kind'] == 'Spoof' and by_source[SPOOF]['Remedy'] == ''
    assert {one['Reason'] for one in changed} == {'RejectDirectSend'}

    # Without a proposal nothing changes.
    assert what_if(postern, 'Test-DirectSend')[0] == []
    # The remedies, pasted.
    remedies = [f'New-InboundConnector -Name Scanner -SenderDomains * -SenderIPAddresses {SCANNER} -RequireTls $false',
                by_source[SERVICE]['Remedy']]
    for remedy in remedies:
        assert remedy.startswith('New-InboundConnector ') and "'" not in remedy
    pasted = '; '.join(remedies)
    changed, told = what_if(postern, f"Test-DirectSend -RejectDirectSend $true -With '{pasted}'")
    assert {one['Source'] for one in changed} == {SPOOF}
    # As a hashtable; one connector that insists on TLS would not help a scanner without it.
    table = "@{InboundConnector=@{Name='Scanner'; SenderIPAddresses='%s'%s}}"
    changed, _ = what_if(postern, f"Test-DirectSend $true -With {table % (SCANNER, '; RequireTls=$false')}")
    assert {one['Source'] for one in changed} == {SERVICE, SPOOF}
    changed, _ = what_if(postern, f"Test-DirectSend $true -With {table % (SCANNER, '')}")
    assert {one['Source']: one['Reason'] for one in changed}[SCANNER] == 'StartTlsRequired: Scanner'
    changed, _ = what_if(postern, 'Test-DirectSend $true -Without Printers')
    assert {one['Source']: one['NewlyRefused'] for one in changed} == {**hit, PRINTER: 2}

    # Nothing was changed by asking; and now it is done.
    assert [one['Name'] for one in postern.objects('Get-InboundConnector')] == ['Printers']
    postern.cmdlet('Set-OrganizationConfig -RejectDirectSend $true')
    after = send_all(postern)
    for client, answers in after.items():
        newly = [new.sentence for old, new in zip(before[client], answers, strict=True)
                 if old.code == 250 and new.code != 250]
        assert newly == [DIRECT_SEND] * hit.get(client, 0), client
    # Looked at from the other side: what was refused would come in.
    changed, told = what_if(postern, 'Test-DirectSend -RejectDirectSend $false')
    assert {one['Source']: one['NewlyAccepted'] for one in changed} == {source: 2 * count for source, count in hit.items()}
    assert 'would be accepted that is refused now' in told


def test_by_rest_with_objects(world):
    token = (world.data / 'admin.token').read_text().strip()
    body = {'CmdletInput': {'CmdletName': 'Test-DirectSend', 'Parameters': {
        'RejectDirectSend': True, 'With': {'InboundConnector': [{'Name': 'All', 'SenderIPAddresses': [
            SCANNER, SERVICE, SPOOF], 'RequireTls': False}]}}}}
    answer = world.http('/adminapi/beta/Contoso/InvokeCommand', body=json.dumps(body).encode(),
                        headers={'Authorization': f'Bearer {token}', 'Content-Type': 'application/json'})
    value = json.loads(answer.read())
    assert answer.status == 200, value
    assert {one['Source'] for one in value['value']} <= {SCANNER, SERVICE, SPOOF}
