// The switch in words: what the settings of an organization mean for Direct Send right now.
import type { OrganizationConfig } from './objects';
import type { Tone } from './parts/basics';
import { many, time } from './text';

export type Stage = 'off' | 'audit' | 'pilot' | 'scheduled' | 'on';

export interface SwitchState {
  stage: Stage;
  tone: Tone;
  word: string;
  sentence: string;
}

export function stateOf(config: OrganizationConfig): SwitchState {
  const pilots = config.RejectDirectSendPilotRecipients ?? [];
  const percentage = config.RejectDirectSendPercentage ?? 100;
  const from = config.RejectDirectSendEffectiveFrom;
  if (!config.RejectDirectSend) {
    return { stage: 'off', tone: 'warn', word: 'Off', sentence: 'Direct Send is accepted. It is marked and counted.' };
  }
  if (config.RejectDirectSendMode === 'Audit') {
    return {
      stage: 'audit',
      tone: 'info',
      word: 'Audit',
      sentence: 'Nothing is refused. What would be refused is marked and counted.',
    };
  }
  if (from && new Date(from).getTime() > Date.now()) {
    return { stage: 'scheduled', tone: 'info', word: 'Scheduled', sentence: `Direct Send will be refused from ${time(from)} on.` };
  }
  if (pilots.length > 0 || percentage < 100) {
    const parts = [
      ...(pilots.length > 0 ? [many(pilots.length, 'pilot recipient')] : []),
      ...(percentage < 100 ? [`${percentage} % of the sources`] : []),
    ];
    return { stage: 'pilot', tone: 'info', word: 'Pilot', sentence: `Direct Send is refused for ${parts.join(' and ')}.` };
  }
  return { stage: 'on', tone: 'good', word: 'On', sentence: 'Direct Send is refused unless a connector vouches for it.' };
}
