// A table that can be searched and sorted, by mouse and by keyboard. On a narrow screen each row becomes
// a block with its columns' names, so that nothing has to be scrolled sideways.
import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { count } from '../text';

export interface Column<T> {
  name: string;
  /** What it is sorted and searched by. */
  value: (row: T) => string | number | boolean;
  /** How it is shown, if not as that. */
  show?: (row: T) => ComponentChildren;
  isNumber?: boolean;
  /** Long text that may be cut on a wide screen. */
  isLong?: boolean;
}

interface TableProps<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  keyOf: (row: T) => string;
  /** Sorted by this column at first; with `-` before it, downwards. */
  sortedBy?: string;
  /** Buttons at the end of a row. */
  actions?: (row: T) => ComponentChildren;
  /** Where a row leads; its first column is the link. */
  link?: (row: T) => string;
  canSearch?: boolean;
  filters?: ComponentChildren;
  /** More rows are shown by a button. */
  pageSize?: number;
  whenNothingFits?: string;
}

interface Order {
  column: string;
  isDown: boolean;
}

function compare(a: string | number | boolean, b: string | number | boolean): number {
  if (typeof a === 'string' && typeof b === 'string') return a.localeCompare(b, 'en', { numeric: true });
  return Number(a) - Number(b);
}

export function Table<T>(props: TableProps<T>) {
  const { columns, rows, keyOf, label, pageSize = 100 } = props;
  const [search, setSearch] = useState('');
  const [shown, setShown] = useState(pageSize);
  const [order, setOrder] = useState<Order | null>(() =>
    props.sortedBy ? { column: props.sortedBy.replace(/^-/, ''), isDown: props.sortedBy.startsWith('-') } : null,
  );

  const found = useMemo(() => {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (row: T) => {
      const text = columns.map((column) => String(column.value(row))).join(' ').toLowerCase();
      return words.every((word) => text.includes(word));
    };
    const chosen = words.length === 0 ? [...rows] : rows.filter(fits);
    const column = order && columns.find((one) => one.name === order.column);
    if (column) chosen.sort((a, b) => compare(column.value(a), column.value(b)) * (order.isDown ? -1 : 1));
    return chosen;
  }, [rows, search, order, columns]);

  const sortBy = (column: Column<T>) =>
    setOrder((now) =>
      now?.column === column.name ? { column: column.name, isDown: !now.isDown } : { column: column.name, isDown: column.isNumber === true },
    );
  const ariaSort = (column: Column<T>) =>
    order?.column !== column.name ? 'none' : order.isDown ? 'descending' : 'ascending';

  return (
    <div class="table-block">
      {(props.canSearch || props.filters) && (
        <div class="table-tools">
          {props.canSearch && (
            <input
              type="search"
              placeholder="Search"
              aria-label={`Search ${label}`}
              value={search}
              onInput={(event) => setSearch(event.currentTarget.value)}
            />
          )}
          {props.filters}
          <span class="table-count" role="status">
            {found.length === rows.length ? count(rows.length) : `${count(found.length)} of ${count(rows.length)}`}
          </span>
        </div>
      )}
      <table aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" aria-sort={ariaSort(column)} class={column.isNumber ? 'number' : undefined}>
                <button type="button" class="sort" onClick={() => sortBy(column)}>
                  {column.name}
                  <span class="sort-mark" aria-hidden="true">
                    {order?.column === column.name ? (order.isDown ? '▾' : '▴') : ''}
                  </span>
                </button>
              </th>
            ))}
            {props.actions && (
              <th scope="col">
                <span class="unseen">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {found.slice(0, shown).map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column, index) => {
                const content = column.show ? column.show(row) : String(column.value(row));
                return (
                  <td
                    key={column.name}
                    data-name={column.name}
                    class={[column.isNumber ? 'number' : '', column.isLong ? 'long' : ''].join(' ').trim() || undefined}
                  >
                    {index === 0 && props.link ? <a href={props.link(row)}>{content}</a> : content}
                  </td>
                );
              })}
              {props.actions && <td class="row-actions">{props.actions(row)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {found.length === 0 && <p class="nothing">{props.whenNothingFits ?? 'Nothing fits the search.'}</p>}
      {found.length > shown && (
        <button type="button" class="quiet" onClick={() => setShown(shown + pageSize)}>
          Show {count(Math.min(pageSize, found.length - shown))} more of {count(found.length)}
        </button>
      )}
    </div>
  );
}
