// The console's side of posternd: logging in and out, and cmdlets over the same REST endpoint that
// every other client uses (docs/administration.md). There is no other way in: what the console can
// do, a script can do.
//
// The session's cookie is the browser's business. The second secret, csrf, is kept in memory here and
// sent with every request; a page of somebody else's cannot know it.

export type Role = 'viewer' | 'operator' | 'administrator';

export interface Session {
  Name: string;
  Role: Role;
  /** The only organization that this token is for; null: all. */
  Organization: string | null;
  IsForOne: boolean;
  Server: string;
  Csrf: string;
  IdleMinutes: number;
  /** Every cmdlet that this posternd has, with the least role that may run it. */
  Cmdlets: Record<string, Role>;
}

export type Scalar = string | number | boolean | null;
export type Parameter = Scalar | string[] | { Add?: string[]; Remove?: string[] };
export type Parameters = Record<string, Parameter>;

export interface Answer<T> {
  values: T[];
  warnings: string[];
}

/** `status` 0: posternd cannot be reached. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

let csrf = '';
let onLoggedOut: () => void = () => undefined;

/** Called when a request hears that nobody is logged in any more. */
export function whenLoggedOut(then: () => void): void {
  onLoggedOut = then;
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { ...init, credentials: 'same-origin', cache: 'no-store', redirect: 'error' });
  } catch {
    throw new ApiError(0, 'posternd cannot be reached. It may be restarting.');
  }
}

interface Failure {
  error?: { details?: { message?: string }[] };
}

/** The sentence behind the exception's name: `Ex…|System.Exception|The sentence.` */
async function toError(response: Response): Promise<ApiError> {
  let sentence = `posternd answered ${response.status}.`;
  try {
    const failure = (await response.json()) as Failure;
    const message = failure.error?.details?.[0]?.message;
    if (message) sentence = message.split('|').slice(2).join('|') || message;
  } catch {
    // No JSON: the status has to do.
  }
  return new ApiError(response.status, sentence);
}

async function toSession(response: Response): Promise<Session> {
  const session = (await response.json()) as Session;
  csrf = session.Csrf;
  return session;
}

export async function logIn(token: string): Promise<Session> {
  const response = await ask('/session', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ Token: token }),
  });
  if (!response.ok) throw await toError(response);
  return toSession(response);
}

/** Null: nobody is logged in. */
export async function currentSession(): Promise<Session | null> {
  const response = await ask('/session', {});
  if (response.status === 401) return null;
  if (!response.ok) throw await toError(response);
  return toSession(response);
}

export async function logOut(): Promise<void> {
  await ask('/session', { method: 'DELETE', headers: { 'X-Postern-Csrf': csrf } });
  csrf = '';
}

/** JSON announces kinds by properties with an @ in their names; the values are the others. */
function withoutAnnotations(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutAnnotations);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !name.includes('@'))
      .map(([name, inner]) => [name, withoutAnnotations(inner)]),
  );
}

/** Runs one cmdlet. `isPoll`: nobody asked for it just now, so it does not keep the session alive. */
export async function invoke<T>(
  organization: string,
  name: string,
  parameters: Parameters = {},
  isPoll = false,
): Promise<Answer<T>> {
  const response = await ask(`/adminapi/beta/${encodeURIComponent(organization || '-')}/InvokeCommand`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'X-Postern-Csrf': csrf,
      ...(isPoll ? { 'X-Postern-Poll': '1' } : {}),
    },
    body: JSON.stringify({ CmdletInput: { CmdletName: name, Parameters: parameters } }),
  });
  if (response.status === 401) onLoggedOut();
  if (!response.ok) throw await toError(response);
  const body = (await response.json()) as { value: unknown[]; '@adminapi.warnings'?: string[] };
  return { values: body.value.map(withoutAnnotations) as T[], warnings: body['@adminapi.warnings'] ?? [] };
}
