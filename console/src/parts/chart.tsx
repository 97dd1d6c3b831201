// Bars of several parts over time, as SVG: what is drawn is in the document, so that styles colour it in
// light and dark, the keyboard reaches each bar, and the same figures are there as a table.
import { useEffect, useRef, useState } from 'preact/hooks';
import { count } from '../text';

export interface Series {
  name: string;
  /** Chooses its colour: `.fill-NAME`. */
  style: string;
}

export interface Bar {
  label: string;
  /** One value for each series. */
  values: number[];
}

interface ChartProps {
  title: string;
  series: Series[];
  bars: Bar[];
}

const height = 240;
const left = 48;
const bottom = 24;
const top = 8;

/** 1, 2 or 5 times a power of ten, so that at most four lines are needed. */
function stepFor(most: number): number {
  const rough = Math.max(most / 4, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((one) => one * power >= rough) ?? 10;
  return factor * power;
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function describe(bar: Bar, series: Series[]): string {
  const parts = series.map((one, i) => [one.name, bar.values[i] ?? 0] as const).filter(([, value]) => value > 0);
  const told = parts.map(([name, value]) => `${name} ${count(value)}`).join(', ');
  return `${bar.label}: ${count(sum(bar.values))}${told ? ` (${told})` : ''}`;
}

/** As wide as there is room, so that letters keep their size on a phone. */
function useWidth() {
  const element = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(960);
  useEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.max(Math.round(entry.contentRect.width), 240));
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return { element, width };
}

export function StackedBars({ title, series, bars }: ChartProps) {
  const { element, width } = useWidth();
  const [isTable, setTable] = useState(false);
  const [pointed, setPointed] = useState<number | null>(null);
  const most = Math.max(...bars.map((bar) => sum(bar.values)), 1);
  const step = stepFor(most);
  const ceiling = Math.ceil(most / step) * step;
  const room = (width - left) / Math.max(bars.length, 1);
  const thick = Math.max(Math.min(room * 0.78, 42), 1);
  const y = (value: number) => top + (height - top - bottom) * (1 - value / ceiling);
  const everyLabel = Math.ceil(bars.length / Math.max(Math.floor(width / 96), 1));
  const totals = series.map((_, i) => sum(bars.map((bar) => bar.values[i] ?? 0)));
  const bar = pointed === null ? undefined : bars[pointed];

  return (
    <figure class="chart" ref={element}>
      <figcaption>
        <ul class="legend">
          {series.map((one, i) => (
            <li key={one.name}>
              <span class={`swatch back-${one.style}`} aria-hidden="true" />
              {one.name} <b>{count(totals[i])}</b>
            </li>
          ))}
        </ul>
        <button type="button" class="quiet small" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
          {isTable ? 'Show chart' : 'Show as table'}
        </button>
      </figcaption>
      {isTable ? (
        <table class="chart-table" aria-label={title}>
          <thead>
            <tr>
              <th scope="col">Time</th>
              {series.map((one) => (
                <th key={one.name} scope="col" class="number">
                  {one.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {bars.map((one) => (
              <tr key={one.label}>
                <td data-name="Time">{one.label}</td>
                {one.values.map((value, i) => (
                  <td key={series[i]?.name} data-name={series[i]?.name} class="number">
                    {count(value)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <>
          <svg viewBox={`0 0 ${width} ${height}`} role="group" aria-label={title} onMouseLeave={() => setPointed(null)}>
            {Array.from({ length: Math.round(ceiling / step) + 1 }, (_, i) => i * step).map((value) => (
              <g key={value} aria-hidden="true">
                <line class="grid" x1={left} x2={width} y1={y(value)} y2={y(value)} />
                <text class="axis" x={left - 8} y={y(value) + 4} text-anchor="end">
                  {count(value)}
                </text>
              </g>
            ))}
            {bars.map((one, index) => {
              const x = left + room * index + (room - thick) / 2;
              let below = 0;
              return (
                <g
                  key={one.label}
                  role="img"
                  tabIndex={sum(one.values) > 0 ? 0 : -1}
                  aria-label={describe(one, series)}
                  class={index === pointed ? 'bar pointed' : 'bar'}
                  onMouseEnter={() => setPointed(index)}
                  onFocus={() => setPointed(index)}
                  onBlur={() => setPointed(null)}
                >
                  <rect class="bar-room" x={left + room * index} y={top} width={room} height={height - top - bottom} />
                  {one.values.map((value, i) => {
                    const from = below;
                    below += value;
                    return value === 0 ? null : (
                      <rect
                        key={series[i]?.name}
                        class={`fill-${series[i]?.style}`}
                        x={x}
                        width={thick}
                        y={y(below)}
                        height={Math.max(y(from) - y(below), 1)}
                      />
                    );
                  })}
                  {index % everyLabel === 0 && (
                    <text class="axis" x={x + thick / 2} y={height - 6} text-anchor="middle" aria-hidden="true">
                      {one.label}
                    </text>
                  )}
                </g>
              );
            })}
          </svg>
          <p class="chart-told" aria-hidden="true">
            {bar ? describe(bar, series) : 'Point at a bar, or use the Tab key, for its figures.'}
          </p>
        </>
      )}
    </figure>
  );
}
