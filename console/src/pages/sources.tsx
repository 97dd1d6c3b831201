// Who uses Direct Send: one row for each source, with what is thought of it. Beside them the same mail by
// sender and by recipient, and which terms of the SPF records were seen to send.
import { useMemo, useState } from 'preact/hooks';
import type { PartyRow, SourceRow, SpfTerm } from '../objects';
import { MakeConnector } from '../parts/make_connector';
import { Answered, Badge, Empty, KindBadge, PageHead, Panel, Shell, Warnings } from '../parts/basics';
import { type Column, Table } from '../parts/table';
import { linkTo, useCmdlet, useDesk } from '../state';
import { cmdletLine, count, day, daysAgo, list } from '../text';
import { kinds } from '../timeline';

const views = ['Sources', 'Senders', 'Recipients', 'SPF terms'] as const;
type View = (typeof views)[number];

const percent = (part: number, whole: number) => (whole === 0 ? 0 : Math.round((part / whole) * 100));

/** The first two; the page of the source has all. */
function shortSenders(row: SourceRow): string {
  const senders = Array.isArray(row.Senders) ? row.Senders : [row.Senders];
  const more = Math.max(row.SenderCount, senders.length) - 2;
  return list(senders.slice(0, 2)) + (more > 0 ? ` and ${count(more)} more` : '');
}

const sourceColumns: Column<SourceRow>[] = [
  { name: 'Source', value: (row) => row.Source },
  { name: 'Kind', value: (row) => row.Kind, show: (row) => <KindBadge kind={row.Kind} /> },
  { name: 'Messages', value: (row) => row.Count, show: (row) => count(row.Count), isNumber: true },
  { name: 'Would be refused', value: (row) => row.WouldBeRefused, show: (row) => count(row.WouldBeRefused), isNumber: true },
  { name: 'SPF', value: (row) => percent(row.SpfPass, row.Count), show: (row) => `${percent(row.SpfPass, row.Count)} %`, isNumber: true },
  { name: 'DKIM', value: (row) => percent(row.DkimPass, row.Count), show: (row) => `${percent(row.DkimPass, row.Count)} %`, isNumber: true },
  { name: 'Senders', value: (row) => list(row.Senders), show: shortSenders, isLong: true },
  { name: 'Reverse name', value: (row) => row.PtrDomain, isLong: true },
  { name: 'Days', value: (row) => row.Days, isNumber: true },
  { name: 'Last seen', value: (row) => row.LastSeen, show: (row) => day(row.LastSeen) },
];

export function SourcesPage() {
  const [days, setDays] = useState(30);
  const [view, setView] = useState<View>('Sources');
  return (
    <>
      <PageHead title="Sources">
        <label>
          <span class="unseen">Time</span>
          <select value={String(days)} onChange={(event) => setDays(Number(event.currentTarget.value))}>
            <option value="1">Last day</option>
            <option value="7">Last 7 days</option>
            <option value="30">Last 30 days</option>
            <option value="90">Last 90 days</option>
          </select>
        </label>
      </PageHead>
      <div class="tabs" role="group" aria-label="View">
        {views.map((one) => (
          <button key={one} type="button" aria-pressed={view === one} onClick={() => setView(one)}>
            {one}
          </button>
        ))}
      </div>
      {view === 'Sources' && <BySource days={days} />}
      {view === 'Senders' && <ByParty days={days} by="Sender" />}
      {view === 'Recipients' && <ByParty days={days} by="Recipient" />}
      {view === 'SPF terms' && <SpfInventory days={days} />}
    </>
  );
}

function useStart(days: number): string {
  return useMemo(() => daysAgo(days), [days]);
}

function BySource({ days }: { days: number }) {
  const desk = useDesk();
  const parameters = { StartDate: useStart(days), ResultSize: 'Unlimited' };
  const report = useCmdlet<SourceRow>('Get-DirectSendReport', parameters);
  const [kind, setKind] = useState('');
  const [chosen, setChosen] = useState<SourceRow | null>(null);
  const rows = useMemo(() => report.values.filter((row) => kind === '' || row.Kind === kind), [report.values, kind]);
  const canMake = desk.may('New-InboundConnector');

  return (
    <Panel title="Sources of Direct Send">
      <Answered asked={report} name="Get-DirectSendReport">
        <Warnings sentences={report.warnings} />
        {report.values.length === 0 ? (
          <Empty title="No Direct Send in this time">
            <p>A source is an address that sent mail with one of your domains in MAIL FROM, from outside. It appears here with its first message.</p>
          </Empty>
        ) : (
          <Table
            label="Sources"
            columns={sourceColumns}
            rows={rows}
            keyOf={(row) => row.Source}
            link={(row) => linkTo('sources', row.Source)}
            sortedBy="-Would be refused"
            canSearch
            filters={
              <select aria-label="Kind" value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
                <option value="">All kinds</option>
                {kinds.map((one) => (
                  <option key={one}>{one}</option>
                ))}
              </select>
            }
            {...(canMake
              ? {
                  actions: (row: SourceRow) =>
                    row.Remedy.startsWith('New-InboundConnector') && (
                      <button type="button" class="small" onClick={() => setChosen(row)}>
                        Make connector
                      </button>
                    ),
                }
              : {})}
          />
        )}
        <Shell line={cmdletLine('Get-DirectSendReport', { StartDate: parameters.StartDate.slice(0, 10) })} />
      </Answered>
      {chosen && <MakeConnector remedy={chosen.Remedy} note={chosen.Note} onDone={report.again} onClose={() => setChosen(null)} />}
    </Panel>
  );
}

function ByParty({ days, by }: { days: number; by: 'Sender' | 'Recipient' }) {
  const start = useStart(days);
  const report = useCmdlet<PartyRow>('Get-DirectSendReport', { GroupBy: by, StartDate: start, ResultSize: 'Unlimited' });
  const columns: Column<PartyRow>[] = [
    { name: by, value: (row) => (by === 'Sender' ? row.Sender : row.Recipient) ?? '' },
    { name: 'Messages', value: (row) => row.Count, show: (row) => count(row.Count), isNumber: true },
    { name: 'Would be refused', value: (row) => row.WouldBeRefused, show: (row) => count(row.WouldBeRefused), isNumber: true },
    { name: 'Refused', value: (row) => row.Refused, show: (row) => count(row.Refused), isNumber: true },
    { name: 'Sources', value: (row) => list(row.Sources), isLong: true },
    { name: 'First seen', value: (row) => row.FirstSeen, show: (row) => day(row.FirstSeen) },
    { name: 'Last seen', value: (row) => row.LastSeen, show: (row) => day(row.LastSeen) },
  ];
  return (
    <Panel title={`Direct Send by ${by.toLowerCase()}`}>
      <Answered asked={report} name="Get-DirectSendReport">
        {report.values.length === 0 ? (
          <Empty title="No Direct Send in this time" />
        ) : (
          <Table
            label={`By ${by.toLowerCase()}`}
            columns={columns}
            rows={report.values}
            keyOf={(row) => (by === 'Sender' ? row.Sender : row.Recipient) ?? ''}
            sortedBy="-Messages"
            canSearch
          />
        )}
        <Shell line={cmdletLine('Get-DirectSendReport', { GroupBy: by, StartDate: start.slice(0, 10) })} />
      </Answered>
    </Panel>
  );
}

const termWords = { Seen: 'Seen', NeverSeen: 'Never seen', Missing: 'Missing' } as const;
const termTones = { Seen: 'good', NeverSeen: 'calm', Missing: 'warn' } as const;

function SpfInventory({ days }: { days: number }) {
  const start = useStart(days);
  const inventory = useCmdlet<SpfTerm>('Get-SpfInventory', { StartDate: start });
  const columns: Column<SpfTerm>[] = [
    { name: 'Domain', value: (row) => row.Domain },
    { name: 'Term', value: (row) => row.Term, show: (row) => <code>{row.Term}</code> },
    {
      name: 'Status',
      value: (row) => row.Status,
      show: (row) => <Badge tone={termTones[row.Status] ?? 'calm'}>{termWords[row.Status] ?? row.Status}</Badge>,
    },
    { name: 'Messages', value: (row) => row.Count, show: (row) => count(row.Count), isNumber: true },
    { name: 'Last seen', value: (row) => row.LastSeen ?? '', show: (row) => day(row.LastSeen) },
    { name: 'Suggestion', value: (row) => row.Suggestion, isLong: true },
  ];
  return (
    <Panel title="Which terms of your SPF records send">
      <Answered asked={inventory} name="Get-SpfInventory">
        <Warnings sentences={inventory.warnings} />
        {inventory.values.length === 0 ? (
          <Empty title="Nothing is known of your SPF records yet">
            <p>Terms appear when mail that claims your domains is seen.</p>
          </Empty>
        ) : (
          <Table label="SPF terms" columns={columns} rows={inventory.values} keyOf={(row) => `${row.Domain} ${row.Term}`} canSearch />
        )}
        <Shell line={cmdletLine('Get-SpfInventory')} />
      </Answered>
    </Panel>
  );
}
