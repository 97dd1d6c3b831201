// One source: what it sent, what authentication says of it, why it is judged as it is, examples from the
// trace, and what to do.
import { useMemo, useState } from 'preact/hooks';
import type { SourceRow, TraceRow } from '../objects';
import { Answered, Empty, Facts, KindBadge, Note, PageHead, Panel, Shell } from '../parts/basics';
import { MakeConnector } from '../parts/make_connector';
import { linkTo, useCmdlet, useDesk } from '../state';
import { cmdletLine, count, daysAgo, list, many, time } from '../text';
import { TraceTable } from './trace';

export function SourcePage({ source }: { source: string }) {
  const start = useMemo(() => daysAgo(90), []);
  const report = useCmdlet<SourceRow>('Get-DirectSendReport', { StartDate: start, ResultSize: 'Unlimited' });
  const row = report.values.find((one) => one.Source === source);
  return (
    <>
      <PageHead title={source}>
        <a href={linkTo('sources')}>All sources</a>
      </PageHead>
      <Answered asked={report} name="Get-DirectSendReport">
        {row ? (
          <Known row={row} again={report.again} />
        ) : (
          <Empty title="This source has sent no Direct Send in 90 days">
            <a href={linkTo('trace', '', { ip: source })}>Look for it in the trace</a>
          </Empty>
        )}
      </Answered>
      <Samples source={source} ids={row?.Samples ?? []} />
    </>
  );
}

function Known({ row, again }: { row: SourceRow; again: () => void }) {
  const desk = useDesk();
  const [isAsking, setAsking] = useState(false);
  const of = (part: number) => `${many(part, 'message')} of ${count(row.Count)}`;
  const isConnector = row.Remedy.startsWith('New-InboundConnector');
  return (
    <div class="columns">
      <Panel title="What it is">
        <p class="verdict">
          <KindBadge kind={row.Kind} /> {row.Judgement}
        </p>
        {row.Note && <Note tone="warn">{row.Note}</Note>}
        {row.Remedy ? (
          <>
            <p>{isConnector ? 'If it is wanted, let a connector vouch for it:' : row.Remedy}</p>
            {isConnector && <Shell line={row.Remedy} />}
            {isConnector && desk.may('New-InboundConnector') && (
              <button type="button" class="primary" onClick={() => setAsking(true)}>
                Make connector
              </button>
            )}
          </>
        ) : (
          <p>There is nothing to do: the switch is the remedy, or a connector vouches for it already.</p>
        )}
        {row.SpfTerm && (
          <>
            <p>And publish it in the SPF record of {row.SpfDomain}:</p>
            <Shell line={row.SpfTerm} label="SPF" />
          </>
        )}
      </Panel>
      <Panel title="Evidence">
        <Facts
          rows={[
            ['Reverse name', row.PtrDomain],
            ['Messages', count(row.Count)],
            ['Would be refused', count(row.WouldBeRefused)],
            ['Refused', row.Refused === undefined ? '' : count(row.Refused)],
            ['SPF passed', of(row.SpfPass)],
            ['DKIM passed', of(row.DkimPass)],
            ['DMARC passed', of(row.DmarcPass)],
            ['Composite authentication passed', of(row.CompAuthPass)],
            ['To oneself', of(row.SelfToSelf)],
            ['Senders', `${count(row.SenderCount)}: ${list(row.Senders)}`],
            ['Recipients', count(row.Recipients)],
            ['First seen', time(row.FirstSeen)],
            ['Last seen', time(row.LastSeen)],
            ['Days on which it sent', count(row.Days)],
          ]}
        />
      </Panel>
      {isAsking && <MakeConnector remedy={row.Remedy} note={row.Note} onDone={again} onClose={() => setAsking(false)} />}
    </div>
  );
}

/** The samples that the report names, where the trace still has them, else what it has of the address. */
function Samples({ source, ids }: { source: string; ids: string[] }) {
  const start = useMemo(() => daysAgo(10), []);
  const parameters = { FromIP: source, StartDate: start, ResultSize: '50' };
  const rows = useCmdlet<TraceRow>('Get-MessageTraceV2', parameters);
  return (
    <Panel title="Messages of the last 10 days">
      <Answered asked={rows} name="Get-MessageTraceV2">
        {rows.values.length === 0 ? (
          <Empty title="None in the last 10 days" />
        ) : (
          <TraceTable rows={rows.values} />
        )}
        {ids.length > 0 && (
          <p class="block">
            Samples:{' '}
            {ids.slice(0, 10).map((id, index) => (
              <span key={id}>
                {index > 0 && ', '}
                <a href={linkTo('trace', id)}>{id.slice(0, 13)}</a>
              </span>
            ))}
          </p>
        )}
        <Shell line={cmdletLine('Get-MessageTraceV2', { FromIP: source })} />
      </Answered>
    </Panel>
  );
}
