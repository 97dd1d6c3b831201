"""The administrator: cmdlet lines, bulk import, REST, /metrics and /healthz."""
import json
import subprocess

import jsonschema
import pytest

from postern import BIN, CmdletError
from smtp_session import SmtpSession, message
from waiting import wait_until

EXT = '203.0.113.9'


def rcpt(postern, forward_path, reverse_path='bob@bank.test'):
    with SmtpSession(postern.proxied, proxy=EXT) as session:
        session.ehlo()
        session.mail(reverse_path)
        return session.rcpt(forward_path)


# ---------------------------------------------------------------------- cmdlet lines

def test_the_three_lines_that_everybody_pastes(postern):
    postern.cmdlet('Set-OrganizationConfig -RejectDirectSend $true')
    table = postern.cmdlet('Get-OrganizationConfig | Select-Object Identity, RejectDirectSend').split()
    assert table == ['Identity', 'RejectDirectSend', '--------', '----------------', 'Contoso', 'True']
    assert postern.cmdlet('Get-OrganizationConfig | Select -Expand RejectDirectSend').strip() == 'True'


def test_a_pasted_script_runs(postern):
    printed = postern.cmdlets('# Switches Direct Send off',
                              'Connect-ExchangeOnline -UserPrincipalName admin@contoso.com -ShowBanner:$false',
                              'set-organizationconfig -rejectdirectsend $TRUE',
                              'Get-OrganizationConfig | Where-Object { $_.RejectDirectSend -eq $true } | Measure-Object',
                              'Disconnect-ExchangeOnline -Confirm:$false')
    assert 'Count' in printed and '1' in printed


@pytest.mark.parametrize('line, words', [
    ('Set-OrganizationConfig -RejectDirectSend maybe', 'RejectDirectSend'),
    ('Set-OrganizationConfig -NoSuch 1', 'NoSuch'),
    ('Get-NoSuchThing', 'Get-NoSuchThing'),
    ('Get-Recipient nobody@contoso.com', 'nobody@contoso.com'),
    ('New-AcceptedDomain -Name contoso.com', 'contoso.com'),
    ('New-AcceptedDomain -Name contoso..com', 'contoso..com'),
    ('New-AcceptedDomain -Name new.test -NextHop pigeon:post', 'NextHop'),
    ('New-AcceptedDomain -Name new.test -MatchSubDomains $true', 'MatchSubDomains'),
    ('New-Recipient kim@elsewhere.test', 'elsewhere.test'),
    ('Get-OrganizationConfig | Where-Object {', 'Line 1'),
    ("New-Recipient 'unfinished", "'"),
])
def test_a_mistake_names_what_is_wrong_and_changes_nothing(postern, line, words):
    done = postern.run_postern('-c', line)
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stdout == ''


def test_what_if_and_multi_valued_parameters(postern):
    postern.cmdlet('New-InboundConnector -Name Printers -ConnectorType Partner -SenderDomains * '
                   '-SenderIPAddresses 198.51.100.7,198.51.100.8')
    try:
        postern.cmdlet("Set-InboundConnector Printers -SenderIPAddresses @{Add='192.0.2.0/24'; Remove='198.51.100.8'}")
        (connector,) = postern.objects('Get-InboundConnector Printers')
        assert sorted(connector['SenderIPAddresses']) == ['192.0.2.0/24', '198.51.100.7']
        assert connector['SenderDomains'] == ['smtp:*;1']
        assert 'What if' in postern.cmdlet('Remove-InboundConnector Printers -WhatIf')
        assert postern.objects('Get-InboundConnector')
    finally:
        postern.cmdlet('Remove-InboundConnector Printers -Confirm:$false')
    assert postern.objects('Get-InboundConnector') == []


def test_changes_survive_a_restart(new_postern):
    postern = new_postern()
    postern.cmdlet('New-InboundConnector -Name Printers -ConnectorType Partner -SenderDomains * '
                   '-SenderIPAddresses 203.0.113.9 -RequireTls $false -Comment "the third floor"')
    before = postern.objects('Get-InboundConnector')
    postern.stop()
    postern.start()
    assert postern.objects('Get-InboundConnector') == before
    assert postern.objects('Get-OrganizationConfig')[0]['RejectDirectSend'] is True
    assert rcpt(postern, 'ann@contoso.com', 'printer@contoso.com').code == 250


def test_several_organizations_must_be_named(new_postern):
    postern = new_postern()
    postern.cmdlet('New-Organization -Name Fabrikam')
    with pytest.raises(CmdletError, match='Organization'):
        postern.cmdlet('Get-OrganizationConfig')
    (config,) = postern.objects('Get-OrganizationConfig -Organization Contoso')
    assert config['RejectDirectSend'] is True
    with pytest.raises(CmdletError, match='contoso.com'):
        postern.cmdlet('New-AcceptedDomain -Name contoso.com -Organization Fabrikam')


# ---------------------------------------------------------------------- Import-Recipient

def test_import_recipient(postern):
    file = postern.folder / 'recipients.txt'
    file.write_text('# from the old server\n\none@contoso.com\nTwo@Contoso.Com\n  three@contoso.com  \n')
    printed = postern.cmdlet(f'Import-Recipient -File {file} -WhatIf')
    assert '3' in printed
    assert rcpt(postern, 'one@contoso.com').code == 550, '-WhatIf changes nothing'
    postern.cmdlet(f'Import-Recipient -File {file}')
    for name in ('one', 'two', 'three', 'THREE'):
        assert rcpt(postern, f'{name}@contoso.com').code == 250
    # Again: nothing is new, and nothing is lost.
    postern.cmdlet(f'Import-Recipient -File {file}')
    assert len(postern.objects('Get-Recipient one@contoso.com')) == 1


def test_import_of_a_postfix_map(postern):
    file = postern.folder / 'virtual'
    file.write_text('four@contoso.com    OK\nsales@contoso.com   four@contoso.com\n')
    postern.cmdlet(f'Import-Recipient -File {file}')
    assert rcpt(postern, 'four@contoso.com').code == 250
    assert rcpt(postern, 'sales@contoso.com').code == 250


def test_an_import_with_a_mistake_says_the_line_and_imports_nothing(postern):
    file = postern.folder / 'wrong.txt'
    file.write_text('five@contoso.com\nnot an address\nsix@elsewhere.test\n')
    with pytest.raises(CmdletError) as error:
        postern.cmdlet(f'Import-Recipient -File {file}')
    assert ':2' in str(error.value) or 'line 2' in str(error.value).lower()
    assert rcpt(postern, 'five@contoso.com').code == 550


# ---------------------------------------------------------------------- REST

INVOKE = '/adminapi/beta/Contoso/InvokeCommand'


def curl(postern, path, *arguments, body=None):
    """(status, headers, body) as curl got them."""
    command = ['curl', '--silent', '--show-error', '--max-time', '20', '--include', *arguments]
    if body is not None:
        command += ['--header', 'Content-Type: application/json', '--data', json.dumps(body)]
    done = subprocess.run([*command, 'http://%s:%d%s' % (*postern.admin, path)], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    head, _, text = done.stdout.decode().partition('\r\n\r\n')
    status, *headers = head.split('\r\n')
    return int(status.split()[1]), {name.lower(): value for name, value in (line.split(': ', 1) for line in headers)}, text


def invoke(postern, cmdlet, parameters, *arguments, path=INVOKE):
    body = {'CmdletInput': {'CmdletName': cmdlet, 'Parameters': parameters}}
    return curl(postern, path, '--header', f'Authorization: Bearer {postern.token()}', *arguments, body=body)


def test_rest_answers_in_the_known_shape(postern):
    status, headers, text = invoke(postern, 'Get-OrganizationConfig', {})
    assert status == 200
    assert headers['content-type'].startswith('application/json')
    answer = json.loads(text)
    assert answer['@odata.context'].endswith('/adminapi/beta/Contoso/$metadata#Collection(Exchange.GenericHashTable)')
    assert answer['@adminapi.warnings'] == [] and answer['adminapi.warnings@odata.type'] == '#Collection(String)'
    assert answer['value'][0]['RejectDirectSend'] is True

    status, _, text = invoke(postern, 'Get-AcceptedDomain', {}, path=INVOKE + '?$select=DomainName,DomainType')
    assert status == 200
    domains = json.loads(text)['value']
    assert {'contoso.com', 'relay.contoso.net'} <= {domain['DomainName'] for domain in domains}
    assert 'MatchSubDomains' not in domains[0]


def test_rest_changes(postern):
    status, _, text = invoke(postern, 'New-Recipient', {'Name': 'rest@contoso.com'})
    assert status == 200, text
    assert rcpt(postern, 'rest@contoso.com').code == 250
    assert invoke(postern, 'Remove-Recipient', {'Identity': 'rest@contoso.com'})[0] == 200
    assert rcpt(postern, 'rest@contoso.com').code == 550


@pytest.mark.parametrize('cmdlet, parameters, words', [
    ('Get-Recipient', {'Identity': 'nobody@contoso.com'}, 'nobody@contoso.com'),
    ('Get-NoSuchThing', {}, 'Get-NoSuchThing'),
    ('Set-OrganizationConfig', {'NoSuch': 1}, 'NoSuch'),
    ('Set-OrganizationConfig', {'RejectDirectSend': [1, 2]}, 'RejectDirectSend'),
])
def test_rest_errors_have_the_known_shape(postern, cmdlet, parameters, words):
    status, _, text = invoke(postern, cmdlet, parameters)
    assert 400 <= status < 500
    error = json.loads(text)['error']
    assert words in error['details'][0]['message'].split('|')[-1]
    assert error['innererror']['internalexception']['message']


def test_rest_needs_the_token(postern):
    body = {'CmdletInput': {'CmdletName': 'Set-OrganizationConfig', 'Parameters': {'RejectDirectSend': False}}}
    for arguments in ([], ['--header', 'Authorization: Bearer wrong'], ['--header', 'Authorization: Bearer '],
                      ['--header', f'Authorization: Basic {postern.token()}'],
                      ['--header', f'Authorization: Bearer {postern.token()[:-1]}']):
        status, headers, _ = curl(postern, INVOKE, *arguments, body=body)
        assert status == 401, arguments
        assert headers['www-authenticate'].startswith('Bearer')
    assert postern.objects('Get-OrganizationConfig')[0]['RejectDirectSend'] is True


def test_a_foreign_host_is_refused(postern):
    """A web page elsewhere must not reach us through a name that resolves to loopback."""
    status, _, _ = invoke(postern, 'Get-OrganizationConfig', {}, '--header', 'Host: evil.example')
    assert status in (400, 403, 421)


@pytest.mark.parametrize('body', [b'', b'{', b'[]', b'{"CmdletInput": 5}', b'{"CmdletInput": {"CmdletName": 7}}',
                                  b'\xff\xfe', b'[' * 5000, b'x' * 3_000_000], ids=lambda body: repr(body[:20]))
def test_rest_and_garbage(postern, body):
    try:
        answer = postern.http(INVOKE, body=body, headers={'Authorization': f'Bearer {postern.token()}',
                                                          'Content-Type': 'application/json'})
        assert 400 <= answer.status < 500
    except ConnectionError:
        assert len(body) > 1_000_000, 'only a body that is too large may be cut off'
    assert postern.is_healthy()


def test_unknown_paths_and_methods(postern):
    assert curl(postern, '/nowhere')[0] == 404
    token = ['--header', f'Authorization: Bearer {postern.token()}']
    assert curl(postern, INVOKE, *token)[0] == 405
    assert invoke(postern, 'Get-OrganizationConfig', {}, path='/adminapi/beta/NoSuchOrganization/InvokeCommand')[0] in (403, 404)


def test_postern_over_the_url(postern):
    done = subprocess.run([BIN / 'postern', '--url', 'http://%s:%d' % postern.admin, '--token-file', postern.data / 'admin.token',
                           '-c', 'Get-OrganizationConfig | Select -Expand RejectDirectSend'],
                          capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == 'True', done.stderr


# ---------------------------------------------------------------------- API tokens

def new_token(postern, arguments):
    return json.loads(postern.cmdlet(f'New-ApiToken {arguments} | ConvertTo-Json'))['Token']


def with_token(postern, token, cmdlet, organization='-', **parameters):
    """Status and the sentence or the values of one cmdlet over TCP."""
    status, _, answer = curl(postern, f'/adminapi/beta/{organization}/InvokeCommand',
                          '--header', f'Authorization: Bearer {token}',
                          body={'CmdletInput': {'CmdletName': cmdlet, 'Parameters': parameters}})
    answer = json.loads(answer)
    if status == 200:
        return status, answer['value']
    return status, answer['error']['details'][0]['message'].rpartition('|')[2]


def test_a_token_may_what_its_role_allows_in_its_organization(postern, request):
    postern.cmdlets('New-Organization Fabrikam', 'New-AcceptedDomain fabrikam.test -Organization Fabrikam')
    request.addfinalizer(lambda: postern.cmdlet('Remove-Organization Fabrikam -Confirm:$false'))
    viewer = new_token(postern, 'monitoring -Role viewer')
    owner = new_token(postern, "'Ann at Fabrikam' -Role administrator -Organization Fabrikam")

    assert with_token(postern, viewer, 'Get-OrganizationConfig', 'Contoso')[0] == 200
    status, why = with_token(postern, viewer, 'Set-OrganizationConfig', 'Contoso', RejectDirectSend=True)
    assert (status, why) == (403, 'Set-OrganizationConfig needs the role administrator: monitoring has the role viewer.')

    assert with_token(postern, owner, 'Set-OrganizationConfig', RejectDirectSend=True)[0] == 200
    assert with_token(postern, owner, 'Get-OrganizationConfig', 'Contoso')[0] == 404
    assert [one['Name'] for one in with_token(postern, owner, 'Get-Organization')[1]] == ['Fabrikam']
    assert curl(postern, '/metrics', '--header', f'Authorization: Bearer {viewer}')[0] == 200
    assert curl(postern, '/metrics', '--header', f'Authorization: Bearer {owner}')[0] == 403
    # The log says who it was, and never the token.
    postern.logged('admin', caller='monitoring', status='403')
    assert viewer not in postern.log_text() and owner not in postern.log_text()


def test_a_token_holds_over_a_restart_and_ends_when_it_is_removed(postern):
    token = new_token(postern, 'backup -Role viewer')
    postern.stop()
    postern.start()
    assert with_token(postern, token, 'Get-OrganizationConfig', 'Contoso')[0] == 200
    assert token not in postern.cmdlet('Get-ApiToken | Format-List')
    postern.cmdlet('Remove-ApiToken backup')
    assert with_token(postern, token, 'Get-OrganizationConfig', 'Contoso')[0] == 401


def test_who_tries_tokens_is_not_listened_to_for_a_while(new_postern):
    postern = new_postern()
    for attempt in range(10):
        assert with_token(postern, 'pst_' + '%064x' % attempt, 'Get-Organization')[0] == 401
    status, why = with_token(postern, postern.token(), 'Get-Organization')
    assert (status, why) == (429, 'Too many wrong tokens came from this address.')
    # The socket is another door.
    assert 'Contoso' in postern.cmdlet('Get-Organization')


def test_the_openapi_document_tells_what_a_call_looks_like(postern):
    assert curl(postern, '/openapi.json')[0] == 401
    status, _, text = curl(postern, '/openapi.json', '--header', f'Authorization: Bearer {postern.token()}')
    assert status == 200
    document = json.loads(text)
    resolver = jsonschema.RefResolver('', document)
    operation = document['paths']['/adminapi/beta/{organization}/InvokeCommand']['post']
    schema = operation['requestBody']['content']['application/json']['schema']
    for parameters, is_right in [({'RejectDirectSend': True}, True), ({'RejectDirectSend': 'maybe'}, False),
                                 ({'NoSuch': 1}, False)]:
        call = {'CmdletInput': {'CmdletName': 'Set-OrganizationConfig', 'Parameters': parameters}}
        validator = jsonschema.Draft7Validator(schema, resolver=resolver)
        assert validator.is_valid(call) == is_right
        status, _, _ = curl(postern, INVOKE, '--header', f'Authorization: Bearer {postern.token()}', body=call)
        assert (status == 200) == is_right


# ---------------------------------------------------------------------- audit log

def test_who_changed_what_is_known_after_a_restart_and_can_be_undone(postern):
    token = new_token(postern, 'auditor -Role administrator')
    assert with_token(postern, token, 'Set-OrganizationConfig', 'Contoso', RejectDirectSend=False)[0] == 200
    assert rcpt(postern, 'ann@contoso.com', 'ann@contoso.com').code == 250
    postern.stop()
    postern.start()
    entry = postern.objects('Search-AdminAuditLog -UserIds auditor')[0]
    assert (entry['CmdletName'], entry['ObjectModified']) == ('Set-OrganizationConfig', 'Contoso')
    assert entry['ModifiedProperties'] == [{'Name': 'RejectDirectSend', 'OldValue': True, 'NewValue': False}]
    postern.cmdlet('Undo-OrganizationConfig')
    assert rcpt(postern, 'ann@contoso.com', 'ann@contoso.com').code == 550


# ---------------------------------------------------------------------- /healthz and /metrics

def test_healthz_needs_no_token(postern):
    assert curl(postern, '/healthz')[0] == 200


def test_metrics_count(postern):
    before = postern.metrics()
    assert rcpt(postern, 'ann@contoso.com', 'printer@contoso.com').code == 550
    with SmtpSession(postern.proxied, proxy=EXT) as session:
        session.ehlo()
        session.mail('bob@bank.test')
        session.rcpt('ann@contoso.com')
        assert session.data(message()).code == 250
    after = postern.metrics()

    def grown(name):
        return after.get(name, 0) - before.get(name, 0)

    assert grown('postern_sessions_total') == 2
    assert grown('postern_replies_total{verb="RCPT",code="550"}') == 1
    assert grown('postern_decisions_total{decision="Reject",code="5.7.68"}') == 1
    assert grown('postern_decisions_total{decision="Accept",code="2.1.5"}') == 1
    assert grown('postern_direct_send_total{decision="Reject"}') == 1
    assert grown('postern_spf_total{result="pass"}') == 1
    assert grown('postern_messages_total') == grown('postern_recipients_delivered_total') == 1
    assert grown('postern_message_seconds_count') == 1
    assert grown('postern_dns_questions_total') > 0
