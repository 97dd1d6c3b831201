// The turn-on assistant: from "nobody knows who would be hit" to a switch that is on and watched, in five
// steps, each of which can be taken back. Where the organization stands is read from its settings, so
// that the assistant can be left and entered again, and cmdlets from elsewhere are seen.
import { useState } from 'preact/hooks';
import type { OrganizationConfig } from '../objects';
import { UndoDialog } from '../parts/undo';
import { Answered, Badge, PageHead, Panel, Shell } from '../parts/basics';
import { useCmdlet, useDesk } from '../state';
import { stateOf, type Stage } from '../switch';
import { EnforceStep, PilotStep, WatchStep } from './assistant_enforce';
import { AuditStep, WhatIfStep } from './assistant_prepare';

const steps = ['Audit', 'What-if', 'Pilot', 'Enforce', 'Watch'] as const;
type Step = (typeof steps)[number];

const told: Record<Step, string> = {
  Audit: 'Count who would be hit',
  'What-if': 'Judge recorded mail again',
  Pilot: 'Begin with a few',
  Enforce: 'Turn it on for all',
  Watch: 'See what is refused',
};

/** Where somebody who comes in begins. */
const firstStep: Record<Stage, Step> = { off: 'Audit', audit: 'What-if', pilot: 'Pilot', scheduled: 'Watch', on: 'Watch' };

export interface StepProps {
  config: OrganizationConfig;
  /** May whoever is logged in change the settings? */
  canChange: boolean;
  /** The settings were changed: read them again, and go on to a step. */
  goOn: (step: Step) => void;
}

export function AssistantPage() {
  const desk = useDesk();
  const config = useCmdlet<OrganizationConfig>('Get-OrganizationConfig');
  return (
    <>
      <PageHead title="Turn-on assistant" />
      <Answered asked={config} name="Get-OrganizationConfig">
        {config.values[0] && <Steps config={config.values[0]} canChange={desk.may('Set-OrganizationConfig')} again={config.again} />}
      </Answered>
    </>
  );
}

function Steps({ config, canChange, again }: { config: OrganizationConfig; canChange: boolean; again: () => void }) {
  const desk = useDesk();
  const state = stateOf(config);
  const [step, setStep] = useState<Step>(firstStep[state.stage]);
  const [isUndoing, setUndoing] = useState(false);
  const props: StepProps = {
    config,
    canChange,
    goOn: (next) => {
      again();
      setStep(next);
    },
  };
  return (
    <>
      <Panel
        title="Reject Direct Send now"
        actions={
          desk.may('Undo-OrganizationConfig') && (
            <button type="button" onClick={() => setUndoing(true)}>
              Roll back
            </button>
          )
        }
      >
        <p class="verdict">
          <Badge tone={state.tone}>{state.word}</Badge> {state.sentence}
        </p>
        {!canChange && <p class="hint">The role {desk.session.Role} may look; an administrator turns the switch.</p>}
        <Shell line="Get-OrganizationConfig | Format-List RejectDirectSend*" />
      </Panel>
      <ol class="steps" aria-label="Steps">
        {steps.map((one, index) => (
          <li key={one}>
            <button type="button" aria-current={step === one ? 'step' : undefined} onClick={() => setStep(one)}>
              <span class="step-number">{index + 1}</span>
              <span>
                <b>{one}</b>
                <small>{told[one]}</small>
              </span>
            </button>
          </li>
        ))}
      </ol>
      {step === 'Audit' && <AuditStep {...props} />}
      {step === 'What-if' && <WhatIfStep {...props} />}
      {step === 'Pilot' && <PilotStep {...props} />}
      {step === 'Enforce' && <EnforceStep {...props} />}
      {step === 'Watch' && <WatchStep {...props} />}
      {isUndoing && <UndoDialog onDone={again} onClose={() => setUndoing(false)} />}
    </>
  );
}
