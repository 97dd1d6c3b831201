// The second half of the turn-on assistant: the pilot, the switch for all, and watching it.
import { useMemo, useState } from 'preact/hooks';
import type { Parameters } from '../api';
import type { TimeRow, TraceRow } from '../objects';
import { Answered, Badge, Empty, Field, Panel, Shell } from '../parts/basics';
import { StackedBars } from '../parts/chart';
import { useCmdlet } from '../state';
import { stateOf } from '../switch';
import { cmdletLine, count, daysAgo, lines, many } from '../text';
import { toBars } from '../timeline';
import type { StepProps } from './assistant';
import { SetConfig } from './assistant_prepare';
import { TraceTable } from './trace';

export function PilotStep({ config, canChange, goOn }: StepProps) {
  const [recipients, setRecipients] = useState((config.RejectDirectSendPilotRecipients ?? []).join('\n'));
  const [percentage, setPercentage] = useState(config.RejectDirectSendPercentage ?? 100);
  const [isAsking, setAsking] = useState(false);
  const pilots = lines(recipients);
  const parameters: Parameters = {
    RejectDirectSend: true,
    RejectDirectSendMode: 'Enforce',
    RejectDirectSendPilotRecipients: pilots.length > 0 ? pilots : null,
    RejectDirectSendPercentage: percentage,
  };
  const isAll = pilots.length === 0 && percentage === 100;
  return (
    <Panel title="3. Pilot: begin with a few">
      <p class="block">Direct Send is refused for some only; the rest is audited as before. Choose people who will tell you, or a part of the sources.</p>
      <Field label="Pilot recipients" hint="Addresses, one on each line. Empty: all recipients.">
        <textarea rows={4} value={recipients} onInput={(event) => setRecipients(event.currentTarget.value)} disabled={!canChange} />
      </Field>
      <Field label={`Share of the sources: ${percentage} %`} hint="The same source is always in or always out.">
        <input
          type="range"
          min="0"
          max="100"
          step="5"
          value={String(percentage)}
          onInput={(event) => setPercentage(Number(event.currentTarget.value))}
          disabled={!canChange}
        />
      </Field>
      {canChange && (
        <button type="button" class="primary" disabled={isAll} onClick={() => setAsking(true)}>
          Begin the pilot
        </button>
      )}
      {isAll && <p class="hint">Name pilots or choose a share below 100 %; all of it is the next step.</p>}
      <Shell line={cmdletLine('Set-OrganizationConfig', parameters)} />
      <button type="button" onClick={() => goOn('Enforce')}>
        Next: enforce
      </button>
      {isAsking && (
        <SetConfig title="Begin the pilot?" parameters={parameters} done="The pilot has begun." onDone={() => goOn('Pilot')} onClose={() => setAsking(false)}>
          <p>
            From the next message on, Direct Send {pilots.length > 0 ? `to ${many(pilots.length, 'recipient')}` : ''}{' '}
            {percentage < 100 ? `from ${percentage} % of the sources ` : ''}is refused.
          </p>
        </SetConfig>
      )}
    </Panel>
  );
}

export function EnforceStep({ config, canChange, goOn }: StepProps) {
  const [from, setFrom] = useState('');
  const [above, setAbove] = useState(config.RejectDirectSendReturnToAuditAbove ?? 0);
  const [isAsking, setAsking] = useState(false);
  const parameters: Parameters = {
    RejectDirectSend: true,
    RejectDirectSendMode: 'Enforce',
    RejectDirectSendPilotRecipients: null,
    RejectDirectSendPercentage: 100,
    RejectDirectSendEffectiveFrom: from ? new Date(from).toISOString() : null,
    RejectDirectSendReturnToAuditAbove: above,
  };
  const isOn = stateOf(config).stage === 'on';
  return (
    <Panel title="4. Enforce: turn it on for all">
      <p class="block">
        Mail that names one of your domains in MAIL FROM is refused with 550 5.7.68, unless a connector or an exception vouches for it. Senders are told at once;
        nothing is lost without a word.
      </p>
      <Field label="From" hint="Empty: now. Before that it is audited.">
        <input type="datetime-local" value={from} onInput={(event) => setFrom(event.currentTarget.value)} disabled={!canChange} />
      </Field>
      <Field
        label="Return to audit above"
        hint="So many refused messages an hour from sources that authenticate, and the switch goes back to audit by itself. 0: never."
      >
        <input type="number" min="0" value={String(above)} onInput={(event) => setAbove(Number(event.currentTarget.value))} disabled={!canChange} />
      </Field>
      {isOn && (
        <p class="block">
          <Badge tone="good">Done</Badge> The switch is on.
        </p>
      )}
      {canChange && (
        <button type="button" class="primary" onClick={() => setAsking(true)}>
          Turn it on
        </button>
      )}
      <Shell line={cmdletLine('Set-OrganizationConfig', parameters)} />
      <button type="button" onClick={() => goOn('Watch')}>
        Next: watch
      </button>
      {isAsking && (
        <SetConfig title="Turn Reject Direct Send on?" parameters={parameters} done="Reject Direct Send is on." onDone={() => goOn('Watch')} onClose={() => setAsking(false)}>
          <p>It can be rolled back with one button at any time.</p>
        </SetConfig>
      )}
    </Panel>
  );
}

export function WatchStep({ config, canChange, goOn }: StepProps) {
  const day = useMemo(() => daysAgo(1), []);
  const overTime = useCmdlet<TimeRow>('Get-DirectSendReport', { GroupBy: 'Time', Interval: 'Hour', StartDate: day }, { every: 30 });
  const failed = useCmdlet<TraceRow>('Get-MessageTraceV2', { Status: ['Failed'], StartDate: day }, { every: 15 });
  const [isAsking, setAsking] = useState(false);
  const refused = failed.values.filter((row) => row.DirectSend && row.Decision === 'Reject');
  const genuine = refused.filter((row) => row.Spf === 'pass' || row.Dkim === 'pass');
  const back: Parameters = { RejectDirectSendMode: 'Audit' };
  const isRefusing = ['on', 'pilot'].includes(stateOf(config).stage);
  return (
    <>
      <Panel title="5. Watch: see what is refused">
        <p class="block">
          In the last day {many(refused.length, 'recipient')} of Direct Send {refused.length === 1 ? 'was' : 'were'} refused, {count(genuine.length)} from sources that
          pass SPF or DKIM: these are the ones to look at.
        </p>
        {isRefusing && canChange && (
          <button type="button" onClick={() => setAsking(true)}>
            Back to audit
          </button>
        )}
        {overTime.phase !== 'missing' && (
          <Answered asked={overTime} name="Get-DirectSendReport">
            <StackedBars
              title="Direct Send an hour"
              series={[
                { name: 'Refused', style: 'spoof' },
                { name: 'Would be refused, was not', style: 'unclear' },
                { name: 'Let in', style: 'vouched' },
              ]}
              bars={toBars(overTime.values, 'Hour', day, (row) => [
                row.Refused,
                Math.max(row.WouldBeRefused - row.Refused, 0),
                Math.max(row.Count - Math.max(row.WouldBeRefused, row.Refused), 0),
              ])}
            />
          </Answered>
        )}
        <Shell line={cmdletLine('Get-MessageTraceV2', { Status: 'Failed' })} />
      </Panel>
      <Panel title="Refused in the last day">
        <Answered asked={failed} name="Get-MessageTraceV2">
          {refused.length === 0 ? (
            <Empty title="Nothing was refused">
              <p>Refused Direct Send stands here with its reason, as soon as there is some.</p>
            </Empty>
          ) : (
            <TraceTable rows={[...genuine, ...refused.filter((row) => !genuine.includes(row))]} canSearch />
          )}
        </Answered>
      </Panel>
      {isAsking && (
        <SetConfig
          title="Back to audit?"
          parameters={back}
          done="Direct Send is not refused any more."
          onDone={() => goOn('Audit')}
          onClose={() => setAsking(false)}
        >
          <p>Direct Send is let in again from the next message on.</p>
        </SetConfig>
      )}
    </>
  );
}
