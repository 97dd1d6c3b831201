// Connectors: who is vouched for, what about it is rarely meant, and what ends when. Beside them the
// exceptions from the switch, each with its reason and its end.
import { useState } from 'preact/hooks';
import type { Connector, DirectSendException, Finding } from '../objects';
import { Answered, Badge, Dialog, Empty, PageHead, Panel, Shell, type Tone } from '../parts/basics';
import { MakeConnector } from '../parts/make_connector';
import { type Column, Table } from '../parts/table';
import { useChange, useCmdlet, useDesk } from '../state';
import { day, list, many } from '../text';

const severityTones: Record<string, Tone> = { Error: 'bad', Warning: 'warn', Information: 'calm' };

/** What identifies the client, in one line. */
function clientOf(connector: Connector): string {
  return [connector.TlsSenderCertificateName, list(connector.SenderIPAddresses)].filter(Boolean).join('; ') || 'the sender domains alone';
}

export function ConnectorsPage() {
  const desk = useDesk();
  const connectors = useCmdlet<Connector>('Get-InboundConnector');
  const findings = useCmdlet<Finding>('Test-InboundConnector');
  const [dialog, setDialog] = useState<'' | 'make' | Connector>('');
  const change = useChange();
  const again = () => {
    connectors.again();
    findings.again();
  };
  const worst = (connector: Connector) => {
    const own = findings.values.filter((one) => one.Identity === connector.Name && one.Severity !== 'Information');
    return own.find((one) => one.Severity === 'Error') ?? own[0];
  };
  const columns: Column<Connector>[] = [
    { name: 'Name', value: (row) => row.Name },
    {
      name: 'State',
      value: (row) => row.Enabled,
      show: (row) => <Badge tone={row.Enabled ? 'good' : 'calm'}>{row.Enabled ? 'Enabled' : 'Disabled'}</Badge>,
    },
    { name: 'Type', value: (row) => row.ConnectorType },
    { name: 'Client', value: clientOf, isLong: true },
    { name: 'Sender domains', value: (row) => row.SenderDomains.map((one) => one.replace(/^smtp:(.*);1$/, '$1')).join(', '), isLong: true },
    { name: 'TLS', value: (row) => (row.RequireTls ? 'Required' : 'Optional') },
    {
      name: 'Check',
      value: (row) => worst(row)?.Severity ?? '',
      show: (row) => {
        const finding = worst(row);
        return finding ? <Badge tone={severityTones[finding.Severity] ?? 'calm'}>{finding.Severity}</Badge> : 'Nothing found';
      },
    },
    { name: 'Changed', value: (row) => row.WhenChangedUTC, show: (row) => day(row.WhenChangedUTC) },
  ];
  const canChange = desk.may('Set-InboundConnector');
  const toggle = async (row: Connector) => {
    const done = `The connector ${row.Name} is ${row.Enabled ? 'disabled' : 'enabled'}.`;
    if (await change('Set-InboundConnector', { Identity: row.Guid, Enabled: !row.Enabled }, done)) again();
  };

  return (
    <>
      <PageHead title="Connectors">
        {desk.may('New-InboundConnector') && (
          <button type="button" class="primary" onClick={() => setDialog('make')}>
            Make a connector
          </button>
        )}
      </PageHead>
      <Panel title="Who is vouched for">
        <Answered asked={connectors} name="Get-InboundConnector">
          {connectors.values.length === 0 ? (
            <Empty
              title="No connectors yet"
              cmdlet="New-InboundConnector -Name Printers -ConnectorType Partner -SenderDomains * -SenderIPAddresses 192.0.2.0/28 -RequireTls $false"
            >
              <p>A connector vouches for a printer, a service or a server, by its address or its certificate. What it vouches for is no Direct Send.</p>
            </Empty>
          ) : (
            <Table
              label="Connectors"
              columns={columns}
              rows={connectors.values}
              keyOf={(row) => row.Guid}
              sortedBy="Name"
              canSearch
              {...(canChange
                ? {
                    actions: (row: Connector) => (
                      <>
                        <button type="button" class="small" onClick={() => void toggle(row)}>
                          {row.Enabled ? 'Disable' : 'Enable'}
                        </button>
                        <button type="button" class="small danger-quiet" onClick={() => setDialog(row)}>
                          Remove
                        </button>
                      </>
                    ),
                  }
                : {})}
            />
          )}
          <Shell line="Get-InboundConnector" />
        </Answered>
      </Panel>
      <Panel title="What was found">
        <Answered asked={findings} name="Test-InboundConnector">
          <Findings findings={findings.values} />
          <Shell line="Test-InboundConnector" />
        </Answered>
      </Panel>
      <Exceptions />
      {dialog === 'make' && <MakeConnector onDone={again} onClose={() => setDialog('')} />}
      {typeof dialog === 'object' && (
        <Dialog
          title={`Remove ${dialog.Name}?`}
          action="Remove"
          isDangerous
          onClose={() => setDialog('')}
          onDo={async () => {
            const isDone = await change('Remove-InboundConnector', { Identity: dialog.Guid }, `The connector ${dialog.Name} is removed.`);
            if (isDone) again();
            return isDone;
          }}
        >
          <p>Its clients are strangers from then on. With the switch on, what they send as your domains is refused.</p>
        </Dialog>
      )}
    </>
  );
}

function Findings({ findings }: { findings: Finding[] }) {
  const serious = findings.filter((one) => one.Severity !== 'Information');
  const matches = findings.filter((one) => one.Severity === 'Information');
  return (
    <>
      {serious.length === 0 ? (
        <p class="block">Nothing about the connectors is rarely meant, and no certificate that was seen ends soon.</p>
      ) : (
        <ul class="findings">
          {serious.map((one, index) => (
            <li key={index}>
              <Badge tone={severityTones[one.Severity] ?? 'calm'}>{one.Severity}</Badge> <b>{one.Identity}</b>: {one.Finding}
              {one.Remedy && <p class="hint">{one.Remedy}</p>}
            </li>
          ))}
        </ul>
      )}
      {matches.length > 0 && (
        <details>
          <summary>What each one matches ({matches.length})</summary>
          <ul class="findings">
            {matches.map((one, index) => (
              <li key={index}>
                <b>{one.Identity}</b>: {one.Finding}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function endOf(expires: string | null): { tone: Tone; word: string } {
  if (!expires) return { tone: 'warn', word: 'Never' };
  const days = Math.floor((new Date(expires).getTime() - Date.now()) / 86_400_000);
  if (days < 0) return { tone: 'bad', word: `Expired ${day(expires)}` };
  return { tone: days < 14 ? 'warn' : 'good', word: `${day(expires)}, in ${many(days, 'day')}` };
}

function Exceptions() {
  const desk = useDesk();
  const change = useChange();
  const exceptions = useCmdlet<DirectSendException>('Get-DirectSendException');
  const columns: Column<DirectSendException>[] = [
    { name: 'Name', value: (row) => row.Name },
    {
      name: 'Ends',
      value: (row) => row.ExpiresOn ?? '',
      show: (row) => <Badge tone={endOf(row.ExpiresOn).tone}>{endOf(row.ExpiresOn).word}</Badge>,
    },
    { name: 'Client', value: (row) => [list(row.SenderIPAddresses), row.SenderCertificateName].filter(Boolean).join('; '), isLong: true },
    { name: 'Senders', value: (row) => list(row.Senders), isLong: true },
    { name: 'Recipients', value: (row) => list(row.Recipients), isLong: true },
    { name: 'Reason', value: (row) => row.Reason, isLong: true },
  ];
  const remove = async (row: DirectSendException) => {
    if (await change('Remove-DirectSendException', { Identity: row.Name }, `The exception ${row.Name} is removed.`)) exceptions.again();
  };
  return (
    <Panel title="Exceptions from the switch">
      <Answered asked={exceptions} name="Get-DirectSendException">
        {exceptions.values.length === 0 ? (
          <Empty
            title="No exceptions"
            cmdlet="New-DirectSendException -Name Scanner -SenderIPAddresses 192.0.2.7 -ExpiresOn 2027-01-31 -Reason 'until it has a certificate'"
          >
            <p>An exception lets one sender through for a time, with a reason, without vouching for it.</p>
          </Empty>
        ) : (
          <Table
            label="Exceptions"
            columns={columns}
            rows={exceptions.values}
            keyOf={(row) => row.Name}
            sortedBy="Ends"
            {...(desk.may('Remove-DirectSendException')
              ? {
                  actions: (row: DirectSendException) => (
                    <button type="button" class="small danger-quiet" onClick={() => void remove(row)}>
                      Remove
                    </button>
                  ),
                }
              : {})}
          />
        )}
      </Answered>
    </Panel>
  );
}
