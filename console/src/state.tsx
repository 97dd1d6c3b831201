// Who is logged in, for which organization, where in the console, and what cmdlets have answered:
// what all pages share.
import { createContext } from 'preact';
import { useCallback, useContext, useEffect, useRef, useState } from 'preact/hooks';
import { type Answer, ApiError, invoke, type Parameters, type Role, type Session } from './api';

export interface Desk {
  session: Session;
  organization: string;
  /** This posternd has the cmdlet. */
  has: (cmdlet: string) => boolean;
  /** It has, and the role of whoever is logged in may run it. */
  may: (cmdlet: string) => boolean;
  /** A short notice at the edge of the page; read out by screen readers. */
  tell: (sentence: string, isTrouble?: boolean) => void;
}

export const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error('used outside of the console');
  return desk;
}

const rank: Record<Role, number> = { viewer: 0, operator: 1, administrator: 2 };

export function mayRun(session: Session, cmdlet: string): boolean {
  const least = session.Cmdlets[cmdlet];
  return least !== undefined && rank[session.Role] >= rank[least];
}

// ------------------------------------------------------------------ where in the console

export interface Route {
  /** `sources`, `trace` … */
  page: string;
  /** What stands behind it: an address, an id. */
  item: string;
  query: URLSearchParams;
}

export function readRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [page = '', ...rest] = path.split('/');
  return { page: page || 'overview', item: decodeURIComponent(rest.join('/')), query: new URLSearchParams(query) };
}

export function linkTo(page: string, item = '', query: Record<string, string> = {}): string {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '')).toString();
  return `#/${page}${item ? `/${encodeURIComponent(item)}` : ''}${search ? `?${search}` : ''}`;
}

export function goTo(page: string, item = '', query: Record<string, string> = {}): void {
  window.location.hash = linkTo(page, item, query);
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => readRoute(window.location.hash));
  useEffect(() => {
    const change = () => setRoute(readRoute(window.location.hash));
    window.addEventListener('hashchange', change);
    return () => window.removeEventListener('hashchange', change);
  }, []);
  return route;
}

// ------------------------------------------------------------------ what cmdlets answer

export type Phase = 'waiting' | 'ready' | 'trouble' | 'missing' | 'forbidden';

export interface Asked<T> {
  phase: Phase;
  values: T[];
  warnings: string[];
  trouble: string;
  /** True while an answer is awaited, also the second time, with the last values still there. */
  isBusy: boolean;
  again: () => void;
}

export interface AskOptions {
  /** Ask again every so many seconds, while the page can be seen. */
  every?: number;
  /** Do not ask now. */
  skip?: boolean;
}

/** Runs a query now, when its parameters change, and when `again` is called. */
export function useCmdlet<T>(name: string, parameters: Parameters = {}, options: AskOptions = {}): Asked<T> {
  const desk = useDesk();
  const [answer, setAnswer] = useState<Answer<T> | null>(null);
  const [trouble, setTrouble] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [round, setRound] = useState(0);
  const isPoll = useRef(false);
  const key = JSON.stringify([desk.organization, name, parameters]);
  const shown = useRef('');
  const isOff = options.skip === true || !desk.may(name);

  useEffect(() => {
    if (isOff) return;
    let isWanted = true;
    if (shown.current !== key) setAnswer(null);
    shown.current = key;
    setBusy(true);
    invoke<T>(desk.organization, name, parameters, isPoll.current)
      .then((given) => {
        if (!isWanted) return;
        setAnswer(given);
        setTrouble('');
      })
      .catch((error: unknown) => {
        if (isWanted) setTrouble(sentenceOf(error));
      })
      .finally(() => {
        isPoll.current = false;
        if (isWanted) setBusy(false);
      });
    return () => {
      isWanted = false;
    };
    // `key` stands for the parameters.
  }, [key, round, isOff]);

  useEffect(() => {
    if (isOff || !options.every) return;
    const timer = setInterval(() => {
      if (document.visibilityState !== 'visible') return;
      isPoll.current = true;
      setRound((n) => n + 1);
    }, options.every * 1000);
    return () => clearInterval(timer);
  }, [isOff, options.every]);

  const again = useCallback(() => setRound((n) => n + 1), []);
  const phase: Phase = !desk.has(name)
    ? 'missing'
    : !desk.may(name)
      ? 'forbidden'
      : trouble
        ? 'trouble'
        : answer
          ? 'ready'
          : 'waiting';
  return { phase, values: answer?.values ?? [], warnings: answer?.warnings ?? [], trouble, isBusy, again };
}

export function sentenceOf(error: unknown): string {
  return error instanceof ApiError ? error.message : `This went wrong: ${String(error)}`;
}

/** Runs a change and tells how it went. Resolves to false if it did not. */
export function useChange(): (name: string, parameters: Parameters, done: string) => Promise<boolean> {
  const desk = useDesk();
  return async (name, parameters, done) => {
    try {
      const answer = await invoke(desk.organization, name, parameters);
      desk.tell([done, ...answer.warnings].join(' '));
      return true;
    } catch (error) {
      desk.tell(sentenceOf(error), true);
      return false;
    }
  };
}
