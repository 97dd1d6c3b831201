"""Get-MessageTraceV2 finds what was accepted and what was refused, and says why; and mail does
not care whether the trace can be written."""
import os
import re
import shutil

import pytest

from hop_server import HopServer
from postern import TOP
from replies import DIRECT_SEND, UNKNOWN_RECIPIENT
from smtp_session import SmtpSession, message
from waiting import wait_until

EXT = '203.0.113.9'


@pytest.fixture(scope='module')
def history(postern):
    """Three transactions: one delivered to two, one refused by the switch, one to nobody."""
    with SmtpSession(postern.proxied, proxy=EXT) as session:
        session.ehlo('mail.bank.test')
        session.mail('Bob@Bank.Test')
        session.rcpt('ann@contoso.com')
        session.rcpt('bob@contoso.com')
        assert session.data(message('Bob <bob@bank.test>', 'Your account')).code == 250
    with SmtpSession(postern.proxied, proxy='198.51.100.9') as session:
        session.ehlo('printer')
        session.mail('printer@contoso.com')
        session.rcpt('ann@contoso.com')
        session.command('RSET')
        session.mail('')
        session.rcpt('nobody@contoso.com')
    postern.trace(rows=4)
    postern.logged('rcpt', 4)
    return postern


def test_delivered_mail(history):
    rows = sorted(history.trace('-SenderAddress bob@bank.test', 2), key=lambda row: row['RecipientAddress'])
    assert [row['RecipientAddress'] for row in rows] == ['ann@contoso.com', 'bob@contoso.com']
    (trace_id,) = {row['MessageTraceId'] for row in rows}
    row = rows[0]
    assert row['Status'] == 'Delivered' and row['Decision'] == 'Accept'
    assert row['Subject'] == 'Your account' and row['FromIP'] == EXT
    assert row['MessageId'].endswith('@client.example>')
    assert row['Reply'].startswith('250 2.')
    assert row['Size'] == len(message('Bob <bob@bank.test>', 'Your account'))
    assert trace_id in history.mailbox('ann@contoso.com')[0].read_text()


def test_refused_mail(history):
    (row,) = history.trace('-FromIP 198.51.100.9 -SenderAddress printer@contoso.com')
    assert row['Status'] == 'Failed' and row['Decision'] == 'Reject'
    assert row['Reply'].startswith(DIRECT_SEND + ' [mx.contoso.test ')
    assert 'RejectDirectSend' in row['Reason']
    assert row['DirectSend'] is True
    (row,) = history.trace('-RecipientAddress nobody@contoso.com')
    assert row['Reply'].startswith(UNKNOWN_RECIPIENT)
    assert row['SenderAddress'] == '<>'


def test_to_ip_is_the_server_that_took_the_mail(new_postern):
    """Also where the next hop is configured by name."""
    postern = new_postern()
    with HopServer('lmtp', '127.0.0.1') as hop:
        postern.cmdlet(f'Set-AcceptedDomain relay.contoso.net -NextHop lmtp:localhost:{hop.port}')
        with SmtpSession(postern.proxied, proxy=EXT) as session:
            session.ehlo()
            session.mail('carl@bank.test')
            session.rcpt('x@relay.contoso.net')
            assert session.data(message('Carl <carl@bank.test>')).code == 250
    (row,) = postern.trace('-SenderAddress carl@bank.test -ToIP 127.0.0.1')
    assert (row['NextHop'], row['ToIP']) == (f'lmtp:localhost:{hop.port}', '127.0.0.1')


@pytest.mark.parametrize('filters, count', [
    ('-Status Delivered', 2), ('-Status Failed', 2), ('-Status Delivered,Failed', 4), ('-Status Quarantined', 0),
    ('-Subject account', 2), ('-Subject Your -SubjectFilterType StartsWith', 2),
    ('-Subject Your -SubjectFilterType EndsWith', 0), ('-Subject ACCOUNT -SubjectFilterType EndsWith', 2),
    ('-RecipientAddress ann@contoso.com', 2), ('-RecipientAddress *@contoso.com', 4), ('-SenderAddress *@bank.test', 2),
    ('-FromIP 203.0.113.9', 2), ('-FromIP 203.0.113.1', 0), ('-ResultSize 3', 3),
    ('-StartDate 2001-01-01 -EndDate 2001-01-02', 0),
])
def test_filters(history, filters, count):
    assert len(history.objects(f'Get-MessageTraceV2 {filters}')) == count


def test_newest_first_and_continuation(history):
    rows = history.objects('Get-MessageTraceV2')
    assert [row['Received'] for row in rows] == sorted((row['Received'] for row in rows), reverse=True)
    seen, last = [], None
    for _ in range(len(rows)):
        where = f"-EndDate '{last['Received']}' -StartingRecipientAddress {last['RecipientAddress']}" if last else ''
        page = history.objects(f'Get-MessageTraceV2 -ResultSize 1 {where}')
        if not page:
            break
        last = page[0]
        seen.append((last['MessageTraceId'], last['RecipientAddress']))
    assert seen == [(row['MessageTraceId'], row['RecipientAddress']) for row in rows]


@pytest.mark.parametrize('filters, words', [
    ('-StartDate 2026-01-01 -EndDate 2026-03-01', '10 days'), ('-ResultSize 9999', 'ResultSize'),
    ('-Status Nowhere', 'Status'), ('-FromIP 1.2.3', 'FromIP'), ('-StartDate yesterday-ish', 'StartDate'),
])
def test_wrong_filters(history, filters, words):
    done = history.run_postern('-c', f'Get-MessageTraceV2 {filters}')
    assert done.returncode == 1 and words in done.stderr


def test_every_rcpt_is_one_line_in_the_log(history):
    lines = [line for line in history.log('rcpt') if line['client'] in (EXT, '198.51.100.9')]
    assert [line['decision'] for line in lines] == ['Accept', 'Accept', 'Reject', 'Reject']
    assert [line['reply'][:10] for line in lines][2:] == ['550 5.7.68', '550 5.4.1 ']


def test_the_fail2ban_filter_finds_refusals(history):
    """The filter is a regular expression with <HOST>, applied here as fail2ban would."""
    filter_file = next((TOP / 'docs').glob('fail2ban*.conf'))
    (pattern,) = re.findall(r'^failregex\s*=\s*(.+)$', filter_file.read_text(), re.M)
    regex = re.compile(pattern.replace('%%', '%').replace('<HOST>', r'(?P<host>[0-9a-f.:]+)'))
    hosts = {match['host'] for line in history.log_text().splitlines() if (match := regex.search(line))}
    assert hosts == {'198.51.100.9'}


# ---------------------------------------------------------------------- without a trace

QUEUE = 100  # Rows that may wait for the disk; beyond, they are lost and counted.


def send(postern):
    with SmtpSession(postern.proxied, proxy=EXT) as session:
        session.ehlo()
        session.mail('bob@bank.test')
        assert session.rcpt('ann@contoso.com').code == 250
        assert session.data(message('bob@bank.test')).code == 250


def refuse(postern, times):
    """So many rows for the trace."""
    with SmtpSession(postern.proxied, proxy=EXT) as session:
        session.ehlo()
        session.mail('bob@bank.test')
        for number in range(times):
            assert session.rcpt(f'nobody{number}@contoso.com').code == 550


def lost_rows(postern):
    return postern.metrics()['postern_trace_rows_lost_total']


def test_a_trace_folder_that_is_gone_costs_rows_and_no_mail(new_postern):
    postern = new_postern(trace={'queue_rows': QUEUE})
    send(postern)
    postern.trace()
    folder = postern.data / 'trace'
    shutil.rmtree(folder)
    folder.write_text('a file where the folder was')
    for _ in range(4):
        refuse(postern, 50)
    send(postern)
    wait_until(lambda: lost_rows(postern) >= 50, 'lost rows in /metrics')
    assert len(postern.mailbox('ann@contoso.com')) == 2
    postern.logged('trace_rows_lost')
    # When the folder can be made again, what waited is written, and what comes is kept.
    folder.unlink()
    wait_until(lambda: len(postern.objects('Get-MessageTraceV2 -ResultSize 500')) >= QUEUE, 'the rows that waited')
    lost = lost_rows(postern)
    send(postern)
    postern.trace('-Status Delivered')
    assert lost_rows(postern) == lost


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root to give the folder to nobody')
def test_a_trace_folder_that_is_read_only(new_postern):
    postern = new_postern(started=False, server={'user': 'nobody'}, trace={'queue_rows': QUEUE})
    postern.data.mkdir()
    shutil.chown(postern.data, 'nobody', 'nogroup')
    postern.start()
    postern.cmdlets('New-Organization -Name Contoso', 'New-AcceptedDomain -Name contoso.com',
                    'New-Recipient ann@contoso.com')
    folder = postern.data / 'trace'
    for path in folder.iterdir():
        path.unlink()
    shutil.chown(folder, 'root', 'root')
    folder.chmod(0o555)
    for _ in range(4):
        refuse(postern, 50)
    send(postern)
    wait_until(lambda: lost_rows(postern) > 0, 'lost rows in /metrics')
    assert len(postern.mailbox('ann@contoso.com')) == 1
