// The small parts that every page is made of: states in colour and in words, empty states that teach,
// the line that does the same in the shell, a dialog that asks first.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Asked } from '../state';
import { useDesk } from '../state';

export type Tone = 'good' | 'warn' | 'bad' | 'calm' | 'info';

/** A state: its colour never stands without its word. */
export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

const kindTones: Record<string, Tone> = {
  Vouched: 'good',
  Yours: 'info',
  Forwarder: 'info',
  Unclear: 'warn',
  Spoof: 'bad',
};

export function KindBadge({ kind }: { kind: string }) {
  return <Badge tone={kindTones[kind] ?? 'calm'}>{kind}</Badge>;
}

const statusTones: Record<string, Tone> = {
  Delivered: 'good',
  Failed: 'bad',
  Quarantined: 'warn',
  FilteredAsSpam: 'warn',
  Pending: 'info',
};

export function StatusBadge({ status }: { status: string }) {
  return <Badge tone={statusTones[status] ?? 'calm'}>{status === 'FilteredAsSpam' ? 'Junk' : status}</Badge>;
}

export function PageHead({ title, children }: { title: string; children?: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Postern`;
  }, [title]);
  return (
    <header class="page-head">
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {children && <div class="page-actions">{children}</div>}
    </header>
  );
}

export function Panel({ title, actions, children }: { title: string; actions?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="panel" aria-label={title}>
      <div class="panel-head">
        <h2>{title}</h2>
        {actions && <div class="panel-actions">{actions}</div>}
      </div>
      {children}
    </section>
  );
}

/** What is not there yet, why, and how it comes. */
export function Empty({ title, children, cmdlet }: { title: string; children?: ComponentChildren; cmdlet?: string }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children && <div>{children}</div>}
      {cmdlet && <Shell line={cmdlet} />}
    </div>
  );
}

/** The cmdlet that does what the page does, ready to be copied. */
export function Shell({ line, label = 'In the shell' }: { line: string; label?: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(line);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  // Over plain http from another machine browsers offer no clipboard; the line can be marked by hand.
  const canCopy = typeof navigator.clipboard !== 'undefined';
  return (
    <div class="shell">
      <span class="shell-label">{label}</span>
      <code>{line}</code>
      {canCopy && (
        <button type="button" class="quiet small" onClick={() => void copy()} aria-label="Copy this line">
          {isCopied ? 'Copied' : 'Copy'}
        </button>
      )}
    </div>
  );
}

export function Note({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <div class={`note ${tone}`} role={tone === 'bad' ? 'alert' : undefined}>
      {children}
    </div>
  );
}

/** The other three ends of a question: waiting, not here, not allowed, or wrong. */
export function Answered<T>({ asked, name, children }: { asked: Asked<T>; name: string; children: ComponentChildren }) {
  const desk = useDesk();
  switch (asked.phase) {
    case 'missing':
      return (
        <Empty title="Not available here">
          <p>
            This posternd does not have the cmdlet <code>{name}</code>. It comes with a later version.
          </p>
        </Empty>
      );
    case 'forbidden':
      return (
        <Empty title="Not for this role">
          <p>
            <code>{name}</code> needs the role {desk.session.Cmdlets[name]}; {desk.session.Name} has the role{' '}
            {desk.session.Role}.
          </p>
        </Empty>
      );
    case 'trouble':
      return (
        <Note tone="bad">
          {asked.trouble}{' '}
          <button type="button" class="quiet small" onClick={asked.again}>
            Try again
          </button>
        </Note>
      );
    case 'waiting':
      return (
        <p class="waiting" role="status">
          Asking posternd …
        </p>
      );
    case 'ready':
      return <>{children}</>;
  }
}

export function Warnings({ sentences }: { sentences: string[] }) {
  if (sentences.length === 0) return null;
  return (
    <Note tone="info">
      {sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
    </Note>
  );
}

interface DialogProps {
  title: string;
  /** The verb on the button that does it. */
  action: string;
  isDangerous?: boolean;
  onDo: () => Promise<boolean> | boolean;
  onClose: () => void;
  children: ComponentChildren;
}

/** Asks before something is changed. The browser's own dialog keeps the keyboard inside and ends with Escape. */
export function Dialog({ title, action, isDangerous, onDo, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    if (!element.current?.open) element.current?.showModal();
  }, []);
  const submit = async (event: JSX.TargetedEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    const isDone = await onDo();
    setBusy(false);
    if (isDone) onClose();
  };
  return (
    <dialog ref={element} onClose={onClose} aria-labelledby="dialog-title">
      <form onSubmit={(event) => void submit(event)}>
        <h2 id="dialog-title">{title}</h2>
        <div class="dialog-body">{children}</div>
        <div class="dialog-actions">
          <button type="button" onClick={() => element.current?.close()}>
            Cancel
          </button>
          <button type="submit" class={isDangerous ? 'danger' : 'primary'} disabled={isBusy}>
            {isBusy ? 'Working …' : action}
          </button>
        </div>
      </form>
    </dialog>
  );
}

interface FieldProps {
  label: string;
  hint?: string;
  children: ComponentChildren;
}

export function Field({ label, hint, children }: FieldProps) {
  return (
    <label class="field">
      <span class="field-label">{label}</span>
      {children}
      {hint && <span class="hint">{hint}</span>}
    </label>
  );
}

export function Facts({ rows }: { rows: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {rows
        .filter(([, value]) => value !== '' && value !== null && value !== undefined)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
