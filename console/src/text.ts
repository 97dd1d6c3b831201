// Values as people read them, and cmdlets as people type them.
import type { Parameter, Parameters } from './api';

const two = (value: number) => String(value).padStart(2, '0');

/** `2026-11-23 04:53`, in the browser's time zone; with `seconds`, `04:53:07`. */
export function time(value: string | null | undefined, seconds = false): string {
  if (!value) return '';
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return value;
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}${seconds ? `:${two(at.getSeconds())}` : ''}`;
  return `${day(value)} ${clock}`;
}

/** `2026-11-23` */
export function day(value: string | null | undefined): string {
  if (!value) return '';
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return value;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** For -StartDate: so many days before now, in UTC. */
export function daysAgo(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString();
}

const grouped = new Intl.NumberFormat('en-US');

export function count(value: number | null | undefined): string {
  return grouped.format(value ?? 0);
}

/** `1 message`, `12 messages` */
export function many(value: number, one: string, several = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : several}`;
}

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  return value < 1024 * 1024 ? `${Math.round(value / 1024)} kB` : `${(value / 1024 / 1024).toFixed(1)} MB`;
}

export function list(value: string[] | string | null | undefined): string {
  return Array.isArray(value) ? value.join(', ') : (value ?? '');
}

/** One value for a table's cell or a line of the audit log. */
export function plain(value: unknown): string {
  if (value === null || value === undefined || value === '') return '(empty)';
  if (Array.isArray(value)) return value.length === 0 ? '(empty)' : value.map(plain).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function literal(value: Parameter): string {
  if (value === null) return '$null';
  if (typeof value === 'boolean') return value ? '$true' : '$false';
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.length === 0 ? '$null' : value.map(literal).join(',');
  if (typeof value === 'object') {
    const parts = Object.entries(value).map(([name, texts]) => `${name}=${(texts ?? []).map(literal).join(',')}`);
    return `@{${parts.join('; ')}}`;
  }
  return /^[\w.:/@*+-]+$/.test(value) && !/^[-@]/.test(value) ? value : `'${value.replaceAll("'", "''")}'`;
}

const switches = new Set(['ReleaseToAll', 'WhatIf', 'Force']);

/** The line that does the same in `postern` or in a script. */
export function cmdletLine(name: string, parameters: Parameters = {}): string {
  const words = Object.entries(parameters).map(([key, value]) =>
    switches.has(key) && value === true ? `-${key}` : `-${key} ${literal(value)}`,
  );
  return [name, ...words].join(' ');
}

/**
 * Reads `New-InboundConnector -Name "Direct Send 192.0.2.7" -SenderDomains * …`, the remedy as the
 * report gives it, so that a form can be filled with it. Null: it is something else.
 */
export function readRemedy(remedy: string): Parameters | null {
  const words = remedy.match(/"[^"]*"|'(?:[^']|'')*'|[^\s]+/g) ?? [];
  if (words.shift()?.toLowerCase() !== 'new-inboundconnector') return null;
  const parameters: Parameters = {};
  while (words.length > 0) {
    const name = words.shift() ?? '';
    const value = words.shift();
    if (!name.startsWith('-') || value === undefined) return null;
    parameters[name.slice(1)] = readValue(name.slice(1), value);
  }
  return parameters;
}

const lists = new Set(['SenderDomains', 'SenderIPAddresses']);

function readValue(name: string, word: string): Parameter {
  if (/^\$true$/i.test(word)) return true;
  if (/^\$false$/i.test(word)) return false;
  const text = word.startsWith('"')
    ? word.slice(1, -1)
    : word.startsWith("'")
      ? word.slice(1, -1).replaceAll("''", "'")
      : word;
  return lists.has(name) ? text.split(',') : text;
}

export function lines(value: string): string[] {
  return value
    .split(/[\s,;]+/)
    .map((one) => one.trim())
    .filter((one) => one !== '');
}
