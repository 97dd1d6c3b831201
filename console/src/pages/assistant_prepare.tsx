// The first half of the turn-on assistant: audit and what-if. Each step says what it is for, shows the figures
// to decide by, does one thing, and shows the cmdlet that does the same.
import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { Parameters } from '../api';
import type { SourceRow, WhatIfRow } from '../objects';
import { Answered, Badge, Dialog, Empty, KindBadge, Panel, Shell, Warnings } from '../parts/basics';
import { MakeConnector } from '../parts/make_connector';
import { type Column, Table } from '../parts/table';
import { linkTo, useChange, useCmdlet, useDesk } from '../state';
import { stateOf } from '../switch';
import { cmdletLine, count, daysAgo } from '../text';
import type { StepProps } from './assistant';

/** Asks, with the line that will be run, and runs it. */
export function SetConfig({ title, parameters, done, children, onDone, onClose }: {
  title: string;
  parameters: Parameters;
  done: string;
  children: ComponentChildren;
  onDone: () => void;
  onClose: () => void;
}) {
  const change = useChange();
  return (
    <Dialog
      title={title}
      action="Do it"
      onClose={onClose}
      onDo={async () => {
        const isDone = await change('Set-OrganizationConfig', parameters, done);
        if (isDone) onDone();
        return isDone;
      }}
    >
      {children}
      <Shell line={cmdletLine('Set-OrganizationConfig', parameters)} />
    </Dialog>
  );
}

const auditParameters: Parameters = { RejectDirectSend: true, RejectDirectSendMode: 'Audit' };

export function AuditStep({ config, canChange, goOn }: StepProps) {
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <Panel title="1. Audit: count who would be hit">
        <p class="block">
          In Audit nothing is refused. What the switch would refuse is marked in the trace and counted by source. Leave it so for a week or two: printers and payroll
          runs do not write every day.
        </p>
        {stateOf(config).stage === 'audit' ? (
          <p class="block">
            <Badge tone="good">Done</Badge> Audit is on.
          </p>
        ) : (
          canChange && (
            <button type="button" class="primary" onClick={() => setAsking(true)}>
              Turn audit on
            </button>
          )
        )}
        <Shell line={cmdletLine('Set-OrganizationConfig', auditParameters)} />
        <button type="button" onClick={() => goOn('What-if')}>
          Next: what-if
        </button>
      </Panel>
      <OpenSources />
      {isAsking && (
        <SetConfig title="Turn audit on?" parameters={auditParameters} done="Audit is on." onDone={() => goOn('Audit')} onClose={() => setAsking(false)}>
          <p>No message is refused by this.</p>
        </SetConfig>
      )}
    </>
  );
}

/** Sources without a connector that may be wanted: what the audit is about. */
function OpenSources() {
  const desk = useDesk();
  const start = useMemo(() => daysAgo(30), []);
  const report = useCmdlet<SourceRow>('Get-DirectSendReport', { StartDate: start, ResultSize: 'Unlimited' });
  const [chosen, setChosen] = useState<SourceRow | null>(null);
  const open = report.values.filter((row) => row.WouldBeRefused > 0);
  const columns: Column<SourceRow>[] = [
    { name: 'Source', value: (row) => row.Source },
    { name: 'Kind', value: (row) => row.Kind, show: (row) => <KindBadge kind={row.Kind} /> },
    { name: 'Would be refused', value: (row) => row.WouldBeRefused, show: (row) => count(row.WouldBeRefused), isNumber: true },
    { name: 'Why', value: (row) => row.Judgement, isLong: true },
  ];
  return (
    <Panel title="Who would be hit, in the last 30 days">
      <Answered asked={report} name="Get-DirectSendReport">
        {open.length === 0 ? (
          <Empty title="Nobody would be hit">
            <p>No Direct Send without a connector was seen. If the counting began only now, wait some days.</p>
          </Empty>
        ) : (
          <Table
            label="Who would be hit"
            columns={columns}
            rows={open}
            keyOf={(row) => row.Source}
            link={(row) => linkTo('sources', row.Source)}
            sortedBy="-Would be refused"
            {...(desk.may('New-InboundConnector')
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
      </Answered>
      {chosen && <MakeConnector remedy={chosen.Remedy} note={chosen.Note} onDone={report.again} onClose={() => setChosen(null)} />}
    </Panel>
  );
}

/** All of the switch, whatever its stage is now. */
const wholeSwitch =
  'Set-OrganizationConfig -RejectDirectSendMode Enforce -RejectDirectSendPilotRecipients $null -RejectDirectSendPercentage 100';

export function WhatIfStep({ goOn }: StepProps) {
  const [days, setDays] = useState(7);
  const start = useMemo(() => daysAgo(days), [days]);
  const parameters: Parameters = { RejectDirectSend: true, With: wholeSwitch, StartDate: start };
  const rows = useCmdlet<WhatIfRow>('Test-DirectSend', parameters);
  const columns: Column<WhatIfRow>[] = [
    { name: 'Source', value: (row) => row.Source },
    { name: 'Kind', value: (row) => row.Kind, show: (row) => row.Kind && <KindBadge kind={row.Kind} /> },
    { name: 'Messages', value: (row) => row.Count, show: (row) => count(row.Count), isNumber: true },
    { name: 'Newly refused', value: (row) => row.NewlyRefused, show: (row) => count(row.NewlyRefused), isNumber: true },
    { name: 'Newly accepted', value: (row) => row.NewlyAccepted, show: (row) => count(row.NewlyAccepted), isNumber: true },
    { name: 'Why', value: (row) => row.Judgement, isLong: true },
  ];
  return (
    <Panel
      title="2. What-if: judge recorded mail again"
      actions={
        <label>
          <span class="unseen">Time</span>
          <select value={String(days)} onChange={(event) => setDays(Number(event.currentTarget.value))}>
            <option value="1">Last day</option>
            <option value="7">Last 7 days</option>
            <option value="30">Last 30 days</option>
          </select>
        </label>
      }
    >
      <p class="block">The mail of that time is judged again as if the switch had been on, with the connectors of now. Nothing is changed.</p>
      <Answered asked={rows} name="Test-DirectSend">
        {rows.values.length === 0 ? (
          <Empty title="Nothing would be different" />
        ) : (
          <Table
            label="What would change"
            columns={columns}
            rows={rows.values}
            keyOf={(row) => row.Source}
            link={(row) => linkTo('sources', row.Source)}
            sortedBy="-Newly refused"
            canSearch
          />
        )}
        <Warnings sentences={rows.warnings} />
      </Answered>
      <Shell line={cmdletLine('Test-DirectSend', { ...parameters, StartDate: start.slice(0, 10) })} />
      <button type="button" class="primary" onClick={() => goOn('Pilot')}>
        Next: pilot
      </button>
    </Panel>
  );
}
