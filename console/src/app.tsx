// The frame around the pages: who is logged in, which organization is meant, and the way between pages.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { currentSession, invoke, logOut, type Session, whenLoggedOut } from './api';
import type { Organization } from './objects';
import { AuditPage } from './pages/audit';
import { AssistantPage } from './pages/assistant';
import { ConnectorsPage } from './pages/connectors';
import { LoginPage } from './pages/login';
import { MessagePage } from './pages/message';
import { OverviewPage } from './pages/overview';
import { QuarantinePage } from './pages/quarantine';
import { SourcePage } from './pages/source';
import { SourcesPage } from './pages/sources';
import { SpoofPage } from './pages/spoof';
import { TailPage } from './pages/tail';
import { TracePage } from './pages/trace';
import { Empty } from './parts/basics';
import { type Desk, DeskContext, linkTo, mayRun, type Route, sentenceOf, useRoute } from './state';

const pages: { page: string; name: string }[] = [
  { page: 'overview', name: 'Overview' },
  { page: 'sources', name: 'Sources' },
  { page: 'assistant', name: 'Turn-on assistant' },
  { page: 'connectors', name: 'Connectors' },
  { page: 'trace', name: 'Message trace' },
  { page: 'tail', name: 'Live tail' },
  { page: 'spoof', name: 'Spoofed senders' },
  { page: 'quarantine', name: 'Quarantine' },
  { page: 'audit', name: 'Audit log' },
];

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case 'overview':
      return <OverviewPage />;
    case 'sources':
      return route.item ? <SourcePage source={route.item} /> : <SourcesPage />;
    case 'assistant':
      return <AssistantPage />;
    case 'connectors':
      return <ConnectorsPage />;
    case 'trace':
      return route.item ? <MessagePage id={route.item} recipient={route.query.get('recipient') ?? ''} /> : <TracePage route={route} />;
    case 'tail':
      return <TailPage />;
    case 'spoof':
      return <SpoofPage />;
    case 'quarantine':
      return <QuarantinePage route={route} />;
    case 'audit':
      return <AuditPage />;
    default:
      return (
        <Empty title="There is no such page">
          <a href={linkTo('overview')}>To the overview</a>
        </Empty>
      );
  }
}

interface Notice {
  sentence: string;
  isTrouble: boolean;
  number: number;
}

export function App() {
  const [session, setSession] = useState<Session | null | 'unknown'>('unknown');
  const [trouble, setTrouble] = useState('');

  useEffect(() => {
    whenLoggedOut(() => setSession(null));
    currentSession()
      .then(setSession)
      .catch((error: unknown) => {
        setTrouble(sentenceOf(error));
        setSession(null);
      });
  }, []);

  if (session === 'unknown') return <p class="waiting">Asking posternd …</p>;
  if (session === null) return <LoginPage trouble={trouble} onLogin={setSession} />;
  return <Frame session={session} onLogout={() => setSession(null)} />;
}

/** The organizations that whoever is logged in may see, and the one that is meant. */
function useOrganizations(session: Session) {
  const [organizations, setOrganizations] = useState<Organization[] | null>(null);
  const [chosen, setChosen] = useState(() => sessionStorage.getItem('organization') ?? '');
  const [trouble, setTrouble] = useState('');
  useEffect(() => {
    invoke<Organization>('-', 'Get-Organization')
      .then((answer) => setOrganizations(answer.values))
      .catch((error: unknown) => setTrouble(sentenceOf(error)));
  }, [session]);
  const choose = (name: string) => {
    sessionStorage.setItem('organization', name);
    setChosen(name);
  };
  const names = (organizations ?? []).map((one) => one.Name);
  const organization = names.includes(chosen) ? chosen : (names[0] ?? '');
  return { organizations, organization, choose, trouble };
}

function Frame({ session, onLogout }: { session: Session; onLogout: () => void }) {
  const route = useRoute();
  const { organizations, organization, choose, trouble } = useOrganizations(session);
  const [notice, setNotice] = useState<Notice | null>(null);
  const [isMenuOpen, setMenuOpen] = useState(false);
  const main = useRef<HTMLElement>(null);

  const tell = useCallback(
    (sentence: string, isTrouble = false) => setNotice((now) => ({ sentence, isTrouble, number: (now?.number ?? 0) + 1 })),
    [],
  );
  useEffect(() => {
    if (!notice || notice.isTrouble) return;
    const timer = setTimeout(() => setNotice(null), 8000);
    return () => clearTimeout(timer);
  }, [notice]);

  // The keyboard and screen readers begin at the new page's title, as soon as there is one.
  const isThere = organizations !== null;
  useEffect(() => {
    setMenuOpen(false);
    if (!isThere) return;
    window.scrollTo(0, 0);
    main.current?.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
  }, [route.page, route.item, isThere]);

  const leave = () => void logOut().finally(onLogout);
  const desk: Desk = {
    session,
    organization,
    has: (cmdlet) => session.Cmdlets[cmdlet] !== undefined,
    may: (cmdlet) => mayRun(session, cmdlet),
    tell,
  };
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

  return (
    <DeskContext.Provider value={desk}>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to content
      </a>
      <header class="top">
        <button type="button" class="menu-button" aria-expanded={isMenuOpen} aria-controls="menu" onClick={() => setMenuOpen(!isMenuOpen)}>
          Menu
        </button>
        <a class="brand" href={linkTo('overview')}>
          <img src="/icon.svg" alt="" width="22" height="22" /> Postern
        </a>
        {organizations && organizations.length > 1 ? (
          <label class="chooser">
            <span class="unseen">Organization</span>
            <select value={organization} onChange={(event) => choose(event.currentTarget.value)}>
              {organizations.map((one) => (
                <option key={one.Name} value={one.Name}>
                  {one.Name}
                </option>
              ))}
            </select>
          </label>
        ) : (
          <span class="organization">{organization}</span>
        )}
        <span class="who">
          <span class="who-name">
            {session.Name} <span class="who-role">{session.Role}</span>
          </span>
          <button type="button" class="quiet" onClick={leave}>
            Log out
          </button>
        </span>
      </header>
      <div class="body">
        <nav id="menu" class={isMenuOpen ? 'menu open' : 'menu'} aria-label="Pages">
          <ul>
            {pages.map(({ page, name }) => (
              <li key={page}>
                <a href={linkTo(page)} aria-current={route.page === page ? 'page' : undefined}>
                  {name}
                </a>
              </li>
            ))}
          </ul>
          <p class="menu-foot">
            {session.Server}
            <br />
            Times: {zone}
          </p>
        </nav>
        <main id="main" ref={main} tabIndex={-1}>
          {trouble ? (
            <p class="note bad">{trouble}</p>
          ) : organizations === null ? (
            <p class="waiting">Asking posternd …</p>
          ) : organizations.length === 0 ? (
            <Empty title="There is no organization yet" cmdlet="New-Organization -Name Contoso">
              <p>An organization has domains, recipients and connectors. Make one in the shell, then its first domain:</p>
            </Empty>
          ) : (
            <Page route={route} key={`${organization}/${route.page}/${route.item}`} />
          )}
        </main>
      </div>
      <div class="notices" aria-live="polite">
        {notice && (
          <div class={notice.isTrouble ? 'notice trouble' : 'notice'} key={notice.number}>
            <span>{notice.sentence}</span>
            <button type="button" class="quiet small" onClick={() => setNotice(null)}>
              Close
            </button>
          </div>
        )}
      </div>
    </DeskContext.Provider>
  );
}
