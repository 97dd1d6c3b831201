// Rolls the last change of the settings back, after saying what that would be.
import { useChange, useCmdlet } from '../state';
import { Answered, Dialog, Shell } from './basics';

export function UndoDialog({ onDone, onClose }: { onDone: () => void; onClose: () => void }) {
  const change = useChange();
  const preview = useCmdlet<never>('Undo-OrganizationConfig', { WhatIf: true });
  return (
    <Dialog
      title="Roll back the last change of the settings?"
      action="Roll back"
      onClose={onClose}
      onDo={async () => {
        const isDone = await change('Undo-OrganizationConfig', {}, 'The settings are as they were before.');
        if (isDone) onDone();
        return isDone;
      }}
    >
      <Answered asked={preview} name="Undo-OrganizationConfig">
        {preview.warnings.map((sentence) => (
          <p key={sentence}>{sentence.replace(/^What if: /, '')}</p>
        ))}
        <p>Rolling back once more takes that back.</p>
      </Answered>
      <Shell line="Undo-OrganizationConfig" />
    </Dialog>
  );
}
