// The rows of Get-DirectSendReport -GroupBy Time as bars: one for every day or hour, also for those on which
// nothing came, which the report leaves out.
import type { Kind, TimeRow } from './objects';
import type { Bar } from './parts/chart';
import { time } from './text';

export const kinds: Kind[] = ['Vouched', 'Yours', 'Forwarder', 'Unclear', 'Spoof'];

const dayLength = 86_400_000;
const hourLength = 3_600_000;

/** `values` of an empty row are zeros. Days are those of UTC, as the report counts them. */
export function toBars(rows: TimeRow[], interval: 'Day' | 'Hour', start: string, values: (row: TimeRow) => number[]): Bar[] {
  const length = interval === 'Day' ? dayLength : hourLength;
  const found = new Map(rows.map((row) => [Math.floor(new Date(row.Time).getTime() / length), row]));
  const empty: TimeRow = { Time: '', Count: 0, Vouched: 0, Yours: 0, Forwarder: 0, Unclear: 0, Spoof: 0, WouldBeRefused: 0, Refused: 0 };
  const bars: Bar[] = [];
  for (let at = Math.floor(new Date(start).getTime() / length); at <= Math.floor(Date.now() / length); at++) {
    const iso = new Date(at * length).toISOString();
    const label = interval === 'Day' ? iso.slice(5, 10) : time(iso).slice(11);
    bars.push({ label, values: values(found.get(at) ?? empty) });
  }
  return bars;
}
