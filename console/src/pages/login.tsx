// Logging in: a token is shown once, and a session takes its place.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { logIn, type Session } from '../api';
import { sentenceOf } from '../state';

export function LoginPage({ trouble, onLogin }: { trouble: string; onLogin: (session: Session) => void }) {
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState(trouble);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    document.title = 'Log in · Postern';
  }, []);

  const submit = async (event: JSX.TargetedEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    setProblem('');
    try {
      onLogin(await logIn(token.trim()));
    } catch (error) {
      setProblem(sentenceOf(error));
      setBusy(false);
    }
  };

  return (
    <main class="login">
      <form onSubmit={(event) => void submit(event)}>
        <h1>
          <img src="/icon.svg" alt="" width="28" height="28" /> Postern
        </h1>
        <label class="field">
          <span class="field-label">Token</span>
          <input
            type="password"
            autocomplete="current-password"
            required
            autofocus
            value={token}
            aria-describedby="token-hint"
            aria-invalid={problem !== ''}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        {problem && (
          <p class="note bad" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? 'Logging in …' : 'Log in'}
        </button>
        <div class="hint" id="token-hint">
          <p>An administrator makes one for you, with a role and an organization of your own:</p>
          <code>New-ApiToken 'Ann at Contoso' -Role operator</code>
          <p>
            The first one lies on the server, in <code>admin.token</code> of the data directory.
          </p>
        </div>
      </form>
    </main>
  );
}
