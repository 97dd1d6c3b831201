// Who changed what, when, from what to what; and the last change of the settings taken back.
import { useMemo, useState } from 'preact/hooks';
import type { AuditEntry } from '../objects';
import { UndoDialog } from '../parts/undo';
import { Answered, Badge, Empty, PageHead, Panel, Shell, Warnings } from '../parts/basics';
import { type Column, Table } from '../parts/table';
import { useCmdlet, useDesk } from '../state';
import { cmdletLine, daysAgo, plain, time } from '../text';

/** Of a change what is different; of what was made or refused, what was asked for. */
function changesOf(entry: AuditEntry): string {
  const changes = entry.ModifiedProperties ?? [];
  const isChange = changes.some((one) => one.OldValue !== null) && changes.some((one) => one.NewValue !== null);
  if (isChange) return changes.map((one) => `${one.Name}: ${plain(one.OldValue)} → ${plain(one.NewValue)}`).join('; ');
  return Object.entries(entry.CmdletParameters ?? {})
    .map(([name, value]) => `${name}: ${plain(value)}`)
    .join('; ');
}

const columns: Column<AuditEntry>[] = [
  { name: 'When', value: (row) => row.RunDate, show: (row) => <span class="when">{time(row.RunDate, true)}</span> },
  { name: 'Who', value: (row) => row.Caller },
  { name: 'Cmdlet', value: (row) => row.CmdletName },
  { name: 'Object', value: (row) => row.ObjectModified, isLong: true },
  { name: 'What', value: changesOf, isLong: true },
  {
    name: 'Result',
    value: (row) => row.Succeeded,
    show: (row) => (row.Succeeded ? <Badge tone="good">Done</Badge> : <span title={row.Error ?? ''}><Badge tone="bad">Refused</Badge></span>),
  },
];

export function AuditPage() {
  const desk = useDesk();
  const [days, setDays] = useState(30);
  const [isUndoing, setUndoing] = useState(false);
  const start = useMemo(() => daysAgo(days), [days]);
  const entries = useCmdlet<AuditEntry>('Search-AdminAuditLog', { StartDate: start });
  return (
    <>
      <PageHead title="Audit log">
        <label>
          <span class="unseen">Time</span>
          <select value={String(days)} onChange={(event) => setDays(Number(event.currentTarget.value))}>
            <option value="7">Last 7 days</option>
            <option value="30">Last 30 days</option>
            <option value="365">Last year</option>
          </select>
        </label>
        {desk.may('Undo-OrganizationConfig') && (
          <button type="button" onClick={() => setUndoing(true)}>
            Undo the last change of the settings
          </button>
        )}
      </PageHead>
      <Panel title="Changes">
        <Answered asked={entries} name="Search-AdminAuditLog">
          <Warnings sentences={entries.warnings} />
          {entries.values.length === 0 ? (
            <Empty title="Nothing was changed in this time">
              <p>Every cmdlet that changes something is written down before it answers, also when it was refused.</p>
            </Empty>
          ) : (
            <Table
              label="Changes"
              columns={columns}
              rows={entries.values}
              keyOf={(row) => `${row.RunDate} ${row.CmdletName} ${row.ObjectModified}`}
              sortedBy="-When"
              canSearch
            />
          )}
          <Shell line={cmdletLine('Search-AdminAuditLog', { StartDate: start.slice(0, 10) })} />
        </Answered>
      </Panel>
      {isUndoing && <UndoDialog onDone={entries.again} onClose={() => setUndoing(false)} />}
    </>
  );
}
