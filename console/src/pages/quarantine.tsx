// Mail that is kept: found, looked at as text, released, deleted. Content is for operators; a viewer sees
// what the trace shows, too.
import { useState } from 'preact/hooks';
import type { Preview, QuarantineRow } from '../objects';
import { Answered, Badge, Dialog, Empty, Facts, Note, PageHead, Panel, Shell, Warnings } from '../parts/basics';
import { type Column, Table } from '../parts/table';
import { goTo, linkTo, type Route, useChange, useCmdlet, useDesk } from '../state';
import { bytes, cmdletLine, list, time } from '../text';

const columns: Column<QuarantineRow>[] = [
  { name: 'Received', value: (row) => row.ReceivedTime, show: (row) => <span class="when">{time(row.ReceivedTime)}</span> },
  { name: 'Subject', value: (row) => row.Subject || '(no subject)', isLong: true },
  { name: 'Author', value: (row) => row.Author, isLong: true },
  { name: 'Sender', value: (row) => row.SenderAddress, isLong: true },
  { name: 'Recipient', value: (row) => row.RecipientAddress, isLong: true },
  { name: 'Type', value: (row) => row.Type },
  {
    name: 'State',
    value: (row) => row.ReleaseStatus,
    show: (row) => <Badge tone={row.ReleaseStatus === 'Released' ? 'good' : 'warn'}>{row.ReleaseStatus === 'Released' ? 'Released' : 'Kept'}</Badge>,
  },
];

type Asking = 'release' | 'delete' | null;

export function QuarantinePage({ route }: { route: Route }) {
  const isAll = route.query.get('show') === 'all';
  const kept = useCmdlet<QuarantineRow>('Get-QuarantineMessage', {
    PageSize: 1000,
    ...(isAll ? {} : { ReleaseStatus: ['NotReleased'] }),
  });
  const chosen = route.item;
  return (
    <>
      <PageHead title="Quarantine">
        <label>
          <span class="unseen">Show</span>
          <select value={isAll ? 'all' : 'kept'} onChange={(event) => goTo('quarantine', '', { show: event.currentTarget.value })}>
            <option value="kept">Kept</option>
            <option value="all">Kept and released</option>
          </select>
        </label>
      </PageHead>
      {chosen && <Message identity={chosen} onChange={kept.again} />}
      <Panel title="Messages of the last 16 days">
        <Answered asked={kept} name="Get-QuarantineMessage">
          <Warnings sentences={kept.warnings} />
          {kept.values.length === 0 ? (
            <Empty title="Nothing is kept" cmdlet="Get-QuarantineMessage">
              <p>Mail lies here when an anti-phishing policy says Quarantine, for instance because its author domain asks for it and DMARC fails.</p>
            </Empty>
          ) : (
            <Table
              label="Messages"
              columns={columns}
              rows={kept.values}
              keyOf={(row) => row.Identity}
              link={(row) => linkTo('quarantine', row.Identity)}
              sortedBy="-Received"
              canSearch
            />
          )}
          <Shell line={cmdletLine('Get-QuarantineMessage', isAll ? {} : { ReleaseStatus: 'NotReleased' })} />
        </Answered>
      </Panel>
    </>
  );
}

function Message({ identity, onChange }: { identity: string; onChange: () => void }) {
  const desk = useDesk();
  const change = useChange();
  const found = useCmdlet<QuarantineRow>('Get-QuarantineMessage', { Identity: identity });
  const [asking, setAsking] = useState<Asking>(null);
  const row = found.values[0];
  const release = async () => {
    const isDone = await change('Release-QuarantineMessage', { Identity: identity, ReleaseToAll: true }, 'The message is released.');
    found.again();
    onChange();
    return isDone;
  };
  const remove = async () => {
    const isDone = await change('Delete-QuarantineMessage', { Identity: identity }, 'The message is deleted.');
    if (isDone) {
      onChange();
      goTo('quarantine');
    }
    return isDone;
  };
  return (
    <Panel title={row?.Subject || 'Message'} actions={<a href={linkTo('quarantine')}>Close</a>}>
      <Answered asked={found} name="Get-QuarantineMessage">
        {row && (
          <>
            <Facts
              rows={[
                ['Author', row.Author],
                ['Sender', row.SenderAddress],
                ['Recipient', row.RecipientAddress],
                ['Received', time(row.ReceivedTime)],
                ['Size', bytes(row.Size)],
                ['Why', row.Reason],
                ['State', row.ReleaseStatus === 'Released' ? 'Released' : 'Kept'],
                ['In the trace', <a href={linkTo('trace', row.MessageTraceId, { recipient: row.RecipientAddress })}>Why it was decided so</a>],
              ]}
            />
            <Content identity={identity} />
            <div class="buttons">
              {desk.may('Release-QuarantineMessage') && (
                <button type="button" class="primary" onClick={() => setAsking('release')} disabled={row.ReleaseStatus === 'Released'}>
                  Release
                </button>
              )}
              {desk.may('Delete-QuarantineMessage') && (
                <button type="button" class="danger-quiet" onClick={() => setAsking('delete')}>
                  Delete
                </button>
              )}
            </div>
            {desk.may('Release-QuarantineMessage') && (
              <Shell line={cmdletLine('Release-QuarantineMessage', { Identity: identity, ReleaseToAll: true })} />
            )}
          </>
        )}
      </Answered>
      {asking === 'release' && row && (
        <Dialog title="Release this message?" action="Release" onDo={release} onClose={() => setAsking(null)}>
          <p>
            It goes to {row.RecipientAddress} as it is, and is not judged again. Nobody else is told.
          </p>
        </Dialog>
      )}
      {asking === 'delete' && row && (
        <Dialog title="Delete this message?" action="Delete" isDangerous onDo={remove} onClose={() => setAsking(null)}>
          <p>The copy for {row.RecipientAddress} is removed for good.</p>
        </Dialog>
      )}
    </Panel>
  );
}

/** Asked for only when somebody wants to read it. */
function Content({ identity }: { identity: string }) {
  const desk = useDesk();
  const [isWanted, setWanted] = useState(false);
  const preview = useCmdlet<Preview>('Preview-QuarantineMessage', { Identity: identity }, { skip: !isWanted });
  if (!desk.may('Preview-QuarantineMessage')) {
    return <p class="hint">The content is for operators and administrators.</p>;
  }
  if (!isWanted) {
    return (
      <button type="button" onClick={() => setWanted(true)}>
        Show the content as text
      </button>
    );
  }
  const message = preview.values[0];
  return (
    <Answered asked={preview} name="Preview-QuarantineMessage">
      {message && (
        <div class="preview">
          <Facts
            rows={[
              ['From', message.From],
              ['To', message.To],
              ['Cc', message.Cc],
              ['Subject', message.Subject],
              ['Attachments', list(message.Attachments)],
            ]}
          />
          {message.IsHtml && <Note tone="info">This was HTML. It is shown as text, with the targets of its links; nothing is fetched.</Note>}
          <pre tabIndex={0} aria-label="Content">
            {message.Body}
          </pre>
        </div>
      )}
      <Warnings sentences={preview.warnings} />
    </Answered>
  );
}
