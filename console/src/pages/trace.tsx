// The message trace: what became of mail, refused mail included. A row leads to why it was decided so.
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { Parameters } from '../api';
import type { TraceRow } from '../objects';
import { Answered, Empty, PageHead, Panel, Shell, StatusBadge, Warnings } from '../parts/basics';
import { type Column, Table } from '../parts/table';
import { goTo, linkTo, type Route, useCmdlet } from '../state';
import { cmdletLine, daysAgo, time } from '../text';

const columns: Column<TraceRow>[] = [
  { name: 'Received', value: (row) => row.Received, show: (row) => <span class="when">{time(row.Received, true)}</span> },
  { name: 'Status', value: (row) => row.Status, show: (row) => <StatusBadge status={row.Status} /> },
  { name: 'Sender', value: (row) => row.SenderAddress, isLong: true },
  { name: 'Recipient', value: (row) => row.RecipientAddress, isLong: true },
  { name: 'Subject', value: (row) => row.Subject, isLong: true },
  { name: 'From IP', value: (row) => row.FromIP },
  { name: 'Reason', value: (row) => shortReason(row), isLong: true },
];

/** The setting that decided; its page has the rest. */
function shortReason(row: TraceRow): string {
  return row.Reason[0]?.split(', ')[0] ?? (row.Connector ? `Connector ${row.Connector}` : row.DirectSend ? 'DirectSend' : '');
}

export function TraceTable({ rows, canSearch = false }: { rows: TraceRow[]; canSearch?: boolean }) {
  return (
    <Table
      label="Messages"
      columns={columns}
      rows={rows}
      keyOf={(row) => `${row.MessageTraceId} ${row.RecipientAddress}`}
      link={(row) => linkTo('trace', row.MessageTraceId, { recipient: row.RecipientAddress })}
      sortedBy="-Received"
      canSearch={canSearch}
    />
  );
}

interface Filters {
  sender: string;
  recipient: string;
  subject: string;
  ip: string;
  status: string;
  days: string;
}

function toParameters(filters: Filters): Parameters {
  const parameters: Parameters = { StartDate: daysAgo(Number(filters.days) || 2) };
  if (filters.sender) parameters['SenderAddress'] = [filters.sender];
  if (filters.recipient) parameters['RecipientAddress'] = [filters.recipient];
  if (filters.subject) parameters['Subject'] = filters.subject;
  if (filters.ip) parameters['FromIP'] = filters.ip;
  if (filters.status) parameters['Status'] = [filters.status];
  return parameters;
}

export function TracePage({ route }: { route: Route }) {
  const read = (name: string) => route.query.get(name) ?? '';
  const filters: Filters = {
    sender: read('sender'),
    recipient: read('recipient'),
    subject: read('subject'),
    ip: read('ip'),
    status: read('status'),
    days: read('days') || '2',
  };
  const key = JSON.stringify(filters);
  // The time that it begins with stays the same until somebody asks for something else.
  const parameters = useMemo(() => toParameters(filters), [key]);
  const rows = useCmdlet<TraceRow>('Get-MessageTraceV2', parameters);
  return (
    <>
      <PageHead title="Message trace">
        <button type="button" onClick={rows.again} disabled={rows.isBusy}>
          Look again
        </button>
      </PageHead>
      <Panel title="Messages">
        <FilterForm key={key} filters={filters} />
        <Answered asked={rows} name="Get-MessageTraceV2">
          <Warnings sentences={rows.warnings} />
          {rows.values.length === 0 ? (
            <Empty title="No message fits">
              <p>
                Every recipient of every message leaves a row here, refused ones too. Widen the time or leave filters empty; <code>*</code> stands for
                anything in an address.
              </p>
            </Empty>
          ) : (
            <TraceTable rows={rows.values} canSearch />
          )}
        </Answered>
        <Shell line={cmdletLine('Get-MessageTraceV2', parameters)} />
      </Panel>
    </>
  );
}

function FilterForm({ filters }: { filters: Filters }) {
  const [draft, setDraft] = useState(filters);
  const set = (name: keyof Filters) => (event: JSX.TargetedEvent<HTMLInputElement | HTMLSelectElement>) =>
    setDraft({ ...draft, [name]: event.currentTarget.value });
  const submit = (event: JSX.TargetedEvent<HTMLFormElement>) => {
    event.preventDefault();
    goTo('trace', '', { ...draft });
  };
  return (
    <form class="filters" onSubmit={submit}>
      <label>
        Sender
        <input value={draft.sender} onInput={set('sender')} placeholder="*@contoso.com" />
      </label>
      <label>
        Recipient
        <input value={draft.recipient} onInput={set('recipient')} />
      </label>
      <label>
        Subject
        <input value={draft.subject} onInput={set('subject')} />
      </label>
      <label>
        From IP
        <input value={draft.ip} onInput={set('ip')} />
      </label>
      <label>
        Status
        <select value={draft.status} onChange={set('status')}>
          <option value="">Any</option>
          <option>Delivered</option>
          <option>Failed</option>
          <option>Quarantined</option>
          <option value="FilteredAsSpam">Junk</option>
          <option>Pending</option>
        </select>
      </label>
      <label>
        Time
        <select value={draft.days} onChange={set('days')}>
          <option value="1">1 day</option>
          <option value="2">2 days</option>
          <option value="7">7 days</option>
          <option value="10">10 days</option>
        </select>
      </label>
      <button type="submit" class="primary">
        Search
      </button>
    </form>
  );
}
