// The live tail: what is decided right now. It asks for what is newer than the last row, every two
// seconds, while the page can be seen.
import { useEffect, useRef, useState } from 'preact/hooks';
import { invoke } from '../api';
import type { TraceRow } from '../objects';
import { Empty, Note, PageHead, Panel, Shell, StatusBadge } from '../parts/basics';
import { linkTo, sentenceOf, useDesk } from '../state';
import { time } from '../text';

const everyMilliseconds = 2000;
const mostRows = 200;
/** Rows are written in batches and may come in another order than that in which they were received. */
const overlapMilliseconds = 10_000;

type Show = 'all' | 'direct' | 'refused';
const shows: { show: Show; name: string }[] = [
  { show: 'all', name: 'All mail' },
  { show: 'direct', name: 'Direct Send' },
  { show: 'refused', name: 'Refused' },
];

const keyOf = (row: TraceRow) => `${row.MessageTraceId} ${row.RecipientAddress}`;

function useTail(isPaused: boolean) {
  const desk = useDesk();
  const [rows, setRows] = useState<TraceRow[]>([]);
  const [trouble, setTrouble] = useState('');
  const newest = useRef(Date.now() - 15 * 60_000);

  useEffect(() => {
    if (isPaused) return;
    let isWanted = true;
    const look = async () => {
      if (document.visibilityState !== 'visible') return;
      const start = new Date(newest.current - overlapMilliseconds).toISOString();
      try {
        const answer = await invoke<TraceRow>(desk.organization, 'Get-MessageTraceV2', { StartDate: start, ResultSize: String(mostRows) }, true);
        if (!isWanted) return;
        for (const row of answer.values) newest.current = Math.max(newest.current, new Date(row.Received).getTime());
        setRows((before) => {
          const all = new Map([...before, ...answer.values].map((row) => [keyOf(row), row]));
          return [...all.values()].sort((a, b) => b.Received.localeCompare(a.Received)).slice(0, mostRows);
        });
        setTrouble('');
      } catch (error) {
        if (isWanted) setTrouble(sentenceOf(error));
      }
    };
    void look();
    const timer = setInterval(() => void look(), everyMilliseconds);
    return () => {
      isWanted = false;
      clearInterval(timer);
    };
  }, [desk.organization, isPaused]);
  return { rows, trouble };
}

export function TailPage() {
  const [isPaused, setPaused] = useState(false);
  const [show, setShow] = useState<Show>('all');
  const { rows, trouble } = useTail(isPaused);
  const chosen = rows.filter((row) => show === 'all' || (show === 'direct' ? row.DirectSend : row.Decision === 'Reject'));
  return (
    <>
      <PageHead title="Live tail">
        <button type="button" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          {isPaused ? 'Go on' : 'Pause'}
        </button>
      </PageHead>
      <div class="tabs" role="group" aria-label="Show">
        {shows.map((one) => (
          <button key={one.show} type="button" aria-pressed={show === one.show} onClick={() => setShow(one.show)}>
            {one.name}
          </button>
        ))}
      </div>
      <Panel title={isPaused ? 'Paused' : 'Since a quarter of an hour ago'}>
        {trouble && <Note tone="bad">{trouble}</Note>}
        {chosen.length === 0 ? (
          <Empty title="Nothing yet" cmdlet="Get-MessageTraceV2 -StartDate (Get-Date).AddMinutes(-15)">
            <p>Each recipient of a message appears here as soon as it is decided, newest first.</p>
          </Empty>
        ) : (
          <ul class="tail" aria-label="Messages">
            {chosen.map((row) => (
              <li key={keyOf(row)}>
                <span class="when">{time(row.Received, true).slice(11)}</span>
                <StatusBadge status={row.Status} />
                <a href={linkTo('trace', row.MessageTraceId, { recipient: row.RecipientAddress })}>
                  {row.SenderAddress} → {row.RecipientAddress}
                </a>
                <span class="tail-ip">{row.FromIP}</span>
                <span class="tail-reason">{row.Decision === 'Reject' ? row.Reply.replace(/ \[.*$/, '') : (row.Reason[0]?.split(', ')[0] ?? row.Subject)}</span>
              </li>
            ))}
          </ul>
        )}
        <Shell line="Get-MessageTraceV2 -StartDate (Get-Date).AddMinutes(-15)" />
      </Panel>
    </>
  );
}
