"""Who sends with an own reverse-path, accepted and refused; and the remedy works when it is pasted."""
import csv
import io
import json
import shutil

import pytest

from postern import ZONE
from replies import DIRECT_SEND
from smtp_session import SmtpSession, message

SCANNER, SERVICE, SPOOFER, STRANGER = '203.0.113.10', '198.51.100.20', '192.0.2.66', '203.0.113.9'
COLUMNS = ['Source', 'PtrDomain', 'Senders', 'SenderCount', 'Count', 'WouldBeRefused', 'FirstSeen', 'LastSeen', 'Days',
           'Recipients', 'SelfToSelf', 'SpfPass', 'SpfOther', 'DkimPass', 'DkimOther', 'DmarcPass', 'DmarcOther',
           'CompAuthPass', 'CompAuthOther', 'Kind', 'Judgement', 'Remedy', 'SpfDomain', 'SpfTerm', 'Note', 'Refused', 'Samples']


def send(postern, client, sender, *recipients, hello='client.example'):
    """The replies at RCPT; the content is sent if somebody is there."""
    with SmtpSession(postern.proxied, proxy=client) as session:
        session.ehlo(hello)
        session.mail(sender)
        replies = [session.rcpt(recipient) for recipient in recipients]
        if any(reply.code == 250 for reply in replies):
            assert session.data(message(sender or 'x@bank.test')).code == 250
        return replies


def report(postern, parameters='', key='Source'):
    return {row[key]: row for row in postern.objects(f'Get-DirectSendReport {parameters}')}


@pytest.fixture(scope='module')
def history(postern):
    """While the switch is off, and while it is on."""
    postern.cmdlet('Set-OrganizationConfig -RejectDirectSend $false')
    for _ in range(3):
        assert send(postern, SCANNER, 'scan@contoso.com', 'ann@contoso.com', 'bob@contoso.com')[0].code == 250
    postern.cmdlet('Set-OrganizationConfig -RejectDirectSend $true')
    assert send(postern, SCANNER, 'scan@contoso.com', 'ann@contoso.com')[0].sentence == DIRECT_SEND
    for address in ('ann@contoso.com', 'bob@contoso.com'):
        assert send(postern, SPOOFER, address, address, hello='[127.0.0.1]')[0].sentence == DIRECT_SEND
    assert send(postern, STRANGER, 'bob@bank.test', 'ann@contoso.com')[0].code == 250
    return postern


def test_by_source(history):
    found = report(history)
    assert list(found) == [SCANNER, SPOOFER], 'hardest hit first, and no mail of strangers'
    scanner, spoofer = found.values()
    assert not set(COLUMNS) - set(scanner)
    assert {'Count': 4, 'WouldBeRefused': 4, 'Refused': 1, 'Recipients': 7, 'SpfPass': 4, 'SpfOther': 0, 'Kind': 'Yours',
            'Senders': ['scan@contoso.com'], 'Days': 1, 'SpfTerm': ''}.items() <= scanner.items()
    assert scanner['Judgement'].startswith('Passes SPF')
    assert {'Count': 2, 'Refused': 2, 'SelfToSelf': 2, 'SenderCount': 2, 'Kind': 'Spoof',
            'Remedy': ''}.items() <= spoofer.items()
    assert 'people seem to write to themselves: spoof.' in spoofer['Judgement']


def test_samples_are_in_the_trace(history):
    for sample in report(history)[SPOOFER]['Samples']:
        (row,) = history.trace(f'-MessageTraceId {sample}')
        assert row['FromIP'] == SPOOFER and row['Decision'] == 'Reject'


def test_the_last_word_says_what_the_switch_does(history):
    done = history.run_postern('-c', 'Get-DirectSendReport')
    assert ('Under RejectDirectSend $true 6 messages of 2 sources would have been refused: 4 messages of 1 source '
            'probably yours, 2 messages of 1 source probably spoofs.') in done.stderr.replace('\n', ' ')


def test_by_sender_recipient_and_time(history):
    sender = report(history, '-GroupBy Sender', 'Sender')['scan@contoso.com']
    assert {'Count': 4, 'WouldBeRefused': 4, 'Refused': 1, 'Sources': [SCANNER]}.items() <= sender.items()
    assert {'FirstSeen', 'LastSeen'} <= set(sender)
    recipients = report(history, '-GroupBy Recipient', 'Recipient')
    assert {'Count': 5, 'Refused': 2}.items() <= recipients['ann@contoso.com'].items()
    for interval in ('Hour', 'Day'):
        rows = history.objects(f'Get-DirectSendReport -GroupBy Time -Interval {interval}')
        total = {name: sum(row[name] for row in rows) for name in rows[0] if name != 'Time'}
        assert total == {'Count': 6, 'Vouched': 0, 'Yours': 4, 'Forwarder': 0, 'Unclear': 0, 'Spoof': 2,
                         'WouldBeRefused': 6, 'Refused': 3}


@pytest.mark.parametrize('parameters, count', [
    ('-Domain contoso.com', 2), ('-Domain relay.contoso.net', 0), ('-StartDate 2001-01-01 -EndDate 2001-01-02', 0),
    ('-StartDate (Get-Date).AddDays(-90)', 2), ('-ResultSize 1', 1)])
def test_parameters(history, parameters, count):
    assert len(report(history, parameters)) == count


def test_csv_and_json_have_every_column(history, folder):
    rows = history.objects('Get-DirectSendReport')
    text = history.cmdlet('Get-DirectSendReport | ConvertTo-Csv')
    history.cmdlet(f'Get-DirectSendReport | Export-Csv {folder}/report.csv')
    for table in (text, (folder / 'report.csv').read_text()):
        read = list(csv.DictReader(io.StringIO(table.strip())))
        assert [set(row) for row in read] == [set(row) for row in rows]
        for one, other in zip(read, rows):
            for name, value in other.items():
                shown = ', '.join(value) if isinstance(value, list) else '' if value is None else str(value)
                assert one[name] == shown, name


def test_rest(history):
    body = json.dumps({'CmdletInput': {'CmdletName': 'Get-DirectSendReport', 'Parameters': {'GroupBy': 'Source'}}}).encode()
    answer = history.http('/adminapi/beta/-/InvokeCommand', body=body,
                          headers={'Authorization': f'Bearer {history.token()}', 'Content-Type': 'application/json'})
    value = json.load(answer)['value']
    assert [row['Source'] for row in value] == [SCANNER, SPOOFER] and isinstance(value[0]['Count'], int)


def test_the_remedy_works_when_pasted(history):
    remedy = report(history)[SCANNER]['Remedy']
    assert remedy.startswith('New-InboundConnector ')
    history.cmdlet(remedy)
    try:
        assert send(history, SCANNER, 'scan@contoso.com', 'ann@contoso.com')[0].code == 250
        (row,) = history.trace(f'-FromIP {SCANNER} -ResultSize 1')
        assert row['Connector'] == f'Direct Send {SCANNER}' and row['DirectSend'] is False
        assert send(history, SPOOFER, 'scan@contoso.com', 'ann@contoso.com')[0].sentence == DIRECT_SEND
        scanner = report(history)[SCANNER]
        assert (scanner['Count'], scanner['WouldBeRefused']) == (5, 4), 'one is vouched for now'
    finally:
        history.cmdlet(f'Remove-InboundConnector "Direct Send {SCANNER}" -Confirm:$false')


def test_metrics(history):
    assert history.metric('postern_traffic_counts_messages_total') >= 7
    assert history.metric('postern_traffic_counts_rows_total') >= 3
    assert history.metric('postern_traffic_counts_lost_total') == 0
    assert 'postern_traffic_counts_bytes' in history.metrics()


def test_counts_outlive_a_restart_and_a_damaged_file(new_postern):
    postern = new_postern()
    send(postern, SPOOFER, 'ann@contoso.com', 'ann@contoso.com')
    assert report(postern)[SPOOFER]['Count'] == 1
    send(postern, SPOOFER, 'ann@contoso.com', 'ann@contoso.com')
    postern.stop()
    postern.start()
    assert report(postern)[SPOOFER]['Count'] == 2
    postern.stop()
    for path in (postern.data / 'traffic').iterdir():
        path.write_bytes(b'x' * 5000)
    postern.start()
    send(postern, SPOOFER, 'bob@contoso.com', 'ann@contoso.com')
    assert report(postern)[SPOOFER]['Count'] == 1
    assert list((postern.data / 'traffic').glob('*.damaged'))
    postern.logged('traffic_counts_damaged')


def test_mail_does_not_care_whether_it_can_be_counted(new_postern):
    postern = new_postern()
    shutil.rmtree(postern.data / 'traffic')
    (postern.data / 'traffic').write_text('in the way')
    assert send(postern, STRANGER, 'bob@bank.test', 'ann@contoso.com')[0].code == 250
    assert send(postern, SPOOFER, 'ann@contoso.com', 'ann@contoso.com')[0].sentence == DIRECT_SEND
    done = postern.run_postern('-c', 'Get-DirectSendReport')
    assert 'not on disk yet' in done.stderr.replace('\n', ' ')
    postern.logged('traffic_counts_failing')
    (postern.data / 'traffic').unlink()
    assert report(postern)[SPOOFER]['Count'] == 1, 'they waited in memory'


def test_deferred_mail_is_counted_when_it_is_decided(new_postern):
    postern = new_postern()
    postern.cmdlets('Set-OrganizationConfig -RejectDirectSend $false',
                    'New-InboundConnector -Name Service -ConnectorType Partner -SenderDomains * '
                    f'-SenderIPAddresses {SERVICE} -RequireTls $true')
    assert send(postern, SERVICE, 'app@contoso.com', 'ann@contoso.com')[0].code == 451
    assert report(postern) == {}


def test_spf_inventory(new_postern):
    zone = ZONE.replace('"v=spf1 ip4:203.0.113.10 -all"',
                        '"v=spf1 ip4:203.0.113.10 a:retired.contoso.com include:vendor.test -all"')
    zone += ('retired.contoso.com. A 192.0.2.77\nvendor.test. TXT "v=spf1 ip4:198.51.100.0/24 -all"\n')
    postern = new_postern(zone=zone)
    send(postern, SCANNER, 'scan@contoso.com', 'ann@contoso.com')
    send(postern, SERVICE, 'payroll@contoso.com', 'ann@contoso.com')
    send(postern, SPOOFER, 'ann@contoso.com', 'ann@contoso.com')
    rows = postern.objects('Get-SpfInventory -Domain contoso.com')
    assert [(row['Domain'], row['Term'], row['Status'], row['Count'], row['Sources']) for row in rows] == [
        ('contoso.com', 'ip4:203.0.113.10', 'Seen', 1, [SCANNER]),
        ('contoso.com', 'a:retired.contoso.com', 'NeverSeen', 0, []),
        ('contoso.com', 'include:vendor.test', 'Seen', 1, [SERVICE])]
    assert 'before you remove it' in rows[1]['Suggestion'] and rows[1]['LastSeen'] is None
    # Domains without a record are told.
    done = postern.run_postern('-c', 'Get-SpfInventory')
    assert 'relay.contoso.net has no SPF record.' in done.stderr.replace('\n', ' ')
