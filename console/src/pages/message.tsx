// One message explained: the decision as a path, from the client to the end, and what other settings
// would have made of it.
import { useState } from 'preact/hooks';
import type { Parameters } from '../api';
import type { TraceStep, Verdict } from '../objects';
import { Answered, Badge, Empty, PageHead, Panel, Shell, type Tone, Warnings } from '../parts/basics';
import { linkTo, useCmdlet } from '../state';
import { cmdletLine, time } from '../text';

/** What each step asks, for those who do not know its name. */
const questions: Record<string, string> = {
  Receive: 'Who came?',
  Attribution: 'Does a connector vouch for the client?',
  Settings: 'Which settings were in force?',
  Decision: 'May it come in?',
  Refused: 'Did anything else refuse it?',
  EnhancedFiltering: 'Who was behind the gateway?',
  SPF: 'May this address send for the domain?',
  ReverseName: 'What is the address called?',
  DKIM: 'Who signed it?',
  ARC: 'Who vouches for the way before?',
  DMARC: 'Does it agree with the author?',
  Impersonation: 'Does the author look like somebody else?',
  Claim: 'Is the claim to be one of us proven?',
  CompAuth: 'All in all, is the author genuine?',
  Policy: 'What does the policy do with it?',
  Deliver: 'Where did it go?',
  Spam: 'Where did it go?',
  Quarantine: 'Where did it go?',
  Defer: 'Where did it go?',
  Fail: 'Where did it go?',
};

const goodWords = /^(pass|accept|delivered|incoming|verified)/i;
const badWords = /^(fail|reject|permerror|softfail)/i;
const warnWords = /^(filteredasspam|quarantine|defer|temperror|junk|spam|pending|movetojmf)/i;

function toneOf(step: TraceStep): Tone {
  // Without a name an address is not worse than others.
  if (step.Event === 'ReverseName') return 'calm';
  if (badWords.test(step.Action)) return 'bad';
  if (warnWords.test(step.Action)) return 'warn';
  if (goodWords.test(step.Action)) return 'good';
  return 'calm';
}

export function MessagePage({ id, recipient }: { id: string; recipient: string }) {
  const parameters: Parameters = recipient ? { MessageTraceId: id, RecipientAddress: recipient } : { MessageTraceId: id };
  const steps = useCmdlet<TraceStep>('Get-MessageTraceDetailV2', parameters);
  const recipients = [...new Set(steps.values.map((step) => step.RecipientAddress))];
  return (
    <>
      <PageHead title="Why this message was decided so">
        <a href={linkTo('trace')}>Message trace</a>
      </PageHead>
      <Answered asked={steps} name="Get-MessageTraceDetailV2">
        <Warnings sentences={steps.warnings} />
        {recipients.length === 0 && <Empty title="The trace has no such message" />}
        {recipients.map((one) => (
          <Path key={one} recipient={one} steps={steps.values.filter((step) => step.RecipientAddress === one)} />
        ))}
      </Answered>
      <OtherSettings parameters={parameters} />
      <Shell line={cmdletLine('Get-MessageTraceDetailV2', parameters)} />
      <Shell line={`postern explain ${id}`} />
    </>
  );
}

function Path({ recipient, steps }: { recipient: string; steps: TraceStep[] }) {
  const path = steps.filter((step) => step.Event !== 'Dns');
  const answers = steps.filter((step) => step.Event === 'Dns');
  return (
    <Panel title={`To ${recipient}, ${time(steps[0]?.Date, true)}`}>
      <ol class="path">
        {path.map((step, index) => (
          <li key={index} class={toneOf(step)}>
            <div class="path-step">
              <span class="path-event">{step.Event}</span>
              {step.Action && <Badge tone={toneOf(step)}>{step.Action}</Badge>}
              <span class="path-question">{questions[step.Event] ?? ''}</span>
            </div>
            <p class="path-detail">{step.Detail}</p>
          </li>
        ))}
      </ol>
      {answers.length > 0 && (
        <details>
          <summary>What the DNS had answered ({answers.length})</summary>
          <ul class="dns">
            {answers.map((step, index) => (
              <li key={index}>
                <code>{step.Detail}</code>
              </li>
            ))}
          </ul>
        </details>
      )}
    </Panel>
  );
}

const proposals: { name: string; settings: Parameters }[] = [
  { name: 'RejectDirectSend on', settings: { RejectDirectSend: true } },
  { name: 'RejectDirectSend off', settings: { RejectDirectSend: false } },
  { name: 'On, also for the From field', settings: { RejectDirectSend: true, RejectDirectSendCheckHeaderFrom: true } },
  { name: 'On, proof will do', settings: { RejectDirectSend: true, RejectDirectSendAllowAuthenticated: true } },
  { name: 'DMARC policies not honoured', settings: { HonorDmarcPolicy: false } },
];

function OtherSettings({ parameters }: { parameters: Parameters }) {
  const [chosen, setChosen] = useState(-1);
  const proposal = proposals[chosen];
  const asked = { ...parameters, ...(proposal?.settings ?? {}) };
  const verdicts = useCmdlet<Verdict>('Test-Message', asked, { skip: !proposal });
  return (
    <Panel title="What if?">
      <label class="field">
        <span class="field-label">Judge it again with</span>
        <select value={String(chosen)} onChange={(event) => setChosen(Number(event.currentTarget.value))}>
          <option value="-1">… choose other settings</option>
          {proposals.map((one, index) => (
            <option key={one.name} value={String(index)}>
              {one.name}
            </option>
          ))}
        </select>
      </label>
      {proposal && (
        <Answered asked={verdicts} name="Test-Message">
          <ul class="verdicts">
            {verdicts.values.map((verdict) => (
              <li key={verdict.RecipientAddress}>
                <Badge tone={verdict.Changed ? 'warn' : 'calm'}>{verdict.Changed ? 'Different' : 'The same'}</Badge> {verdict.RecipientAddress}:{' '}
                {verdict.Changed
                  ? `${verdict.Decision} ${verdict.Action} would be ${verdict.NewDecision} ${verdict.NewAction}. ${verdict.NewReply}`
                  : `${verdict.Decision} ${verdict.Action}`}
              </li>
            ))}
          </ul>
          <Warnings sentences={verdicts.warnings} />
          <Shell line={cmdletLine('Test-Message', asked)} />
        </Answered>
      )}
    </Panel>
  );
}
