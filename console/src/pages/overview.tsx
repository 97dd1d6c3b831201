// The first page: how the switch stands, how much Direct Send there is and of what kind, and what waits
// for somebody's decision.
import { useMemo } from 'preact/hooks';
import type { Finding, OrganizationConfig, QuarantineRow, SourceRow, TimeRow, TraceRow } from '../objects';
import { Answered, Badge, Empty, KindBadge, PageHead, Panel, Shell } from '../parts/basics';
import { type Series, StackedBars } from '../parts/chart';
import { linkTo, useCmdlet } from '../state';
import { stateOf } from '../switch';
import { cmdletLine, count, daysAgo, many } from '../text';
import { kinds, toBars } from '../timeline';

const series: Series[] = kinds.map((name) => ({ name, style: name.toLowerCase() }));

export function OverviewPage() {
  const start = useMemo(() => daysAgo(30), []);
  const config = useCmdlet<OrganizationConfig>('Get-OrganizationConfig', {}, { every: 30 });
  const overTime = useCmdlet<TimeRow>('Get-DirectSendReport', { GroupBy: 'Time', Interval: 'Day', StartDate: start }, { every: 60 });
  const sources = useCmdlet<SourceRow>('Get-DirectSendReport', { StartDate: start, ResultSize: 'Unlimited' }, { every: 60 });

  return (
    <>
      <PageHead title="Overview" />
      <div class="tiles">
        <SwitchTile config={config.values[0]} />
        <SourcesTile rows={sources.values} isReady={sources.phase === 'ready'} />
        <QuarantineTile />
        <ConnectorsTile />
      </div>
      <Panel title="Direct Send in the last 30 days, by judgement" actions={<a href={linkTo('sources')}>All sources</a>}>
        <Answered asked={overTime} name="Get-DirectSendReport">
          <Volume rows={overTime.values} start={start} />
        </Answered>
        {overTime.phase === 'missing' && <FromTheTrace />}
      </Panel>
      <Panel title="Sources to decide on">
        <Answered asked={sources} name="Get-DirectSendReport">
          <ToDecide rows={sources.values} />
        </Answered>
      </Panel>
    </>
  );
}

function Volume({ rows, start }: { rows: TimeRow[]; start: string }) {
  const bars = toBars(rows, 'Day', start, (row) => kinds.map((kind) => row[kind]));
  if (rows.every((row) => row.Count === 0)) {
    return (
      <Empty title="No Direct Send in 30 days" cmdlet="Get-DirectSendReport -GroupBy Time -Interval Day">
        <p>Mail from outside that names one of your domains in MAIL FROM will be counted here, by what is thought of its source.</p>
      </Empty>
    );
  }
  return <StackedBars title="Direct Send messages a day by judgement" series={series} bars={bars} />;
}

/** Where no counts are kept there is still the trace. */
function FromTheTrace() {
  const rows = useCmdlet<TraceRow>('Get-MessageTraceV2', { StartDate: daysAgo(2), ResultSize: '5000' });
  const direct = rows.values.filter((row) => row.DirectSend);
  const refused = direct.filter((row) => row.Decision === 'Reject').length;
  return (
    <Answered asked={rows} name="Get-MessageTraceV2">
      <p class="block">
        The trace has {many(direct.length, 'recipient')} of Direct Send in the last two days; {count(refused)} of them refused.{' '}
        <a href={linkTo('trace')}>Look at the trace</a>
      </p>
    </Answered>
  );
}

function SwitchTile({ config }: { config: OrganizationConfig | undefined }) {
  if (!config) return <div class="tile waiting">Asking posternd …</div>;
  const state = stateOf(config);
  return (
    <section class="tile" aria-label="Reject Direct Send">
      <h2>Reject Direct Send</h2>
      <p class="figure">
        <Badge tone={state.tone}>{state.word}</Badge>
      </p>
      <p>{state.sentence}</p>
      <p>
        <a href={linkTo('assistant')}>{state.stage === 'on' ? 'Watch it' : 'Turn it on, step by step'}</a>
      </p>
    </section>
  );
}

function SourcesTile({ rows, isReady }: { rows: SourceRow[]; isReady: boolean }) {
  if (!isReady) return null;
  const concerned = rows.filter((row) => row.WouldBeRefused > 0);
  const legitimate = concerned.filter((row) => row.Kind !== 'Spoof');
  return (
    <section class="tile" aria-label="Sources">
      <h2>Would be refused</h2>
      <p class="figure">
        {count(concerned.length)} <small>{concerned.length === 1 ? 'source' : 'sources'}</small>
      </p>
      <p>
        {legitimate.length === 0 ? 'None of them seems to be yours.' : `${many(legitimate.length, 'source')} may be wanted and without a connector.`}
      </p>
      <p>
        <a href={linkTo('sources')}>Look at the sources</a>
      </p>
    </section>
  );
}

function QuarantineTile() {
  const kept = useCmdlet<QuarantineRow>('Get-QuarantineMessage', { ReleaseStatus: ['NotReleased'], PageSize: 1000 }, { every: 60 });
  if (kept.phase !== 'ready') return null;
  return (
    <section class="tile" aria-label="Quarantine">
      <h2>Quarantine</h2>
      <p class="figure">
        {kept.values.length >= 1000 ? '1,000+' : count(kept.values.length)} <small>kept</small>
      </p>
      <p>{kept.values.length === 0 ? 'Nothing waits to be released.' : 'Kept for their recipients, in the last 16 days.'}</p>
      <p>
        <a href={linkTo('quarantine')}>Look at the quarantine</a>
      </p>
    </section>
  );
}

function ConnectorsTile() {
  const findings = useCmdlet<Finding>('Test-InboundConnector');
  if (findings.phase !== 'ready') return null;
  const serious = findings.values.filter((one) => one.Severity !== 'Information');
  return (
    <section class="tile" aria-label="Connectors">
      <h2>Connectors</h2>
      <p class="figure">
        {count(serious.length)} <small>to look at</small>
      </p>
      <p>{serious.length === 0 ? 'Nothing about them is rarely meant.' : (serious[0]?.Finding ?? '')}</p>
      <p>
        <a href={linkTo('connectors')}>Look at the connectors</a>
      </p>
    </section>
  );
}

function ToDecide({ rows }: { rows: SourceRow[] }) {
  const open = rows
    .filter((row) => row.WouldBeRefused > 0 && row.Kind !== 'Spoof')
    .sort((a, b) => b.WouldBeRefused - a.WouldBeRefused)
    .slice(0, 5);
  if (open.length === 0) {
    return (
      <Empty title="Nothing to decide">
        <p>Every source that the switch would refuse looks like a spoof, or there is none.</p>
        <Shell line={cmdletLine('Get-DirectSendReport')} />
      </Empty>
    );
  }
  return (
    <ul class="decide">
      {open.map((row) => (
        <li key={row.Source}>
          <a href={linkTo('sources', row.Source)}>{row.Source}</a> <KindBadge kind={row.Kind} />
          <span>{many(row.WouldBeRefused, 'message')} would be refused</span>
          <span class="hint">{row.Judgement}</span>
        </li>
      ))}
    </ul>
  );
}
