// Who is forged from where: pairs that were learned from traffic, and the entries that allow or block one.
import { useState } from 'preact/hooks';
import type { SpoofItem, SpoofPair } from '../objects';
import { Answered, Badge, Dialog, Empty, PageHead, Panel, Shell, Warnings } from '../parts/basics';
import { type Column, Table } from '../parts/table';
import { useChange, useCmdlet, useDesk } from '../state';
import { cmdletLine, count, day } from '../text';

interface Decision {
  pair: SpoofPair;
  action: 'Allow' | 'Block';
}

export function SpoofPage() {
  const desk = useDesk();
  const change = useChange();
  const pairs = useCmdlet<SpoofPair>('Get-SpoofIntelligenceInsight');
  const items = useCmdlet<SpoofItem>('Get-TenantAllowBlockListSpoofItems');
  const [decision, setDecision] = useState<Decision | null>(null);
  const again = () => {
    pairs.again();
    items.again();
  };
  const columns: Column<SpoofPair>[] = [
    { name: 'Author', value: (row) => row.SpoofedUser },
    { name: 'Sent from', value: (row) => row.SendingInfrastructure },
    { name: 'Whose author', value: (row) => (row.SpoofType === 'Internal' ? 'Own' : 'Others') },
    { name: 'Messages', value: (row) => row.MessageCount, show: (row) => count(row.MessageCount), isNumber: true },
    { name: 'Last seen', value: (row) => row.LastSeen, show: (row) => day(row.LastSeen) },
    {
      name: 'Treated as',
      value: (row) => row.Action,
      show: (row) => (
        <Badge tone={row.Action === 'Blocked' ? 'bad' : 'good'}>{row.Action === 'Blocked' ? (row.WhatIf ? 'Would be blocked' : 'Blocked') : 'Allowed'}</Badge>
      ),
    },
  ];
  const itemColumns: Column<SpoofItem>[] = [
    { name: 'Author', value: (row) => row.SpoofedUser },
    { name: 'Sent from', value: (row) => row.SendingInfrastructure },
    { name: 'Whose author', value: (row) => (row.SpoofType === 'Internal' ? 'Own' : 'Others') },
    { name: 'Action', value: (row) => row.Action, show: (row) => <Badge tone={row.Action === 'Block' ? 'bad' : 'good'}>{row.Action}</Badge> },
    { name: 'Ends', value: (row) => row.ExpirationDate ?? '', show: (row) => (row.ExpirationDate ? day(row.ExpirationDate) : 'Never') },
  ];
  const canDecide = desk.may('New-TenantAllowBlockListSpoofItems');
  const remove = async (item: SpoofItem) => {
    if (await change('Remove-TenantAllowBlockListSpoofItems', { Ids: [item.Identity] }, 'The entry is removed.')) again();
  };
  const parametersOf = ({ pair, action }: Decision) => ({
    Action: action,
    SpoofedUser: pair.SpoofedUser,
    SendingInfrastructure: pair.SendingInfrastructure,
    SpoofType: pair.SpoofType,
  });

  return (
    <>
      <PageHead title="Spoofed senders" />
      <Panel title="Forged authors in the last 30 days">
        <Answered asked={pairs} name="Get-SpoofIntelligenceInsight">
          <Warnings sentences={pairs.warnings} />
          {pairs.values.length === 0 ? (
            <Empty title="No forged authors were seen" cmdlet="Get-SpoofIntelligenceInsight">
              <p>Mail whose author nothing proves is counted here, by its author and by where it was sent from.</p>
            </Empty>
          ) : (
            <Table
              label="Spoofed senders"
              columns={columns}
              rows={pairs.values}
              keyOf={(row) => `${row.SpoofedUser} ${row.SendingInfrastructure} ${row.SpoofType}`}
              sortedBy="-Messages"
              canSearch
              {...(canDecide
                ? {
                    actions: (pair: SpoofPair) =>
                      !pair.SpoofedUser.startsWith('(') && (
                        <button type="button" class="small" onClick={() => setDecision({ pair, action: pair.Action === 'Blocked' ? 'Allow' : 'Block' })}>
                          {pair.Action === 'Blocked' ? 'Allow' : 'Block'}
                        </button>
                      ),
                  }
                : {})}
            />
          )}
          <Shell line="Get-SpoofIntelligenceInsight" />
        </Answered>
      </Panel>
      <Panel title="Your entries">
        <Answered asked={items} name="Get-TenantAllowBlockListSpoofItems">
          {items.values.length === 0 ? (
            <Empty
              title="No entries yet"
              cmdlet="New-TenantAllowBlockListSpoofItems -Action Allow -SpoofedUser news@contoso.com -SendingInfrastructure mailer.example -SpoofType Internal"
            >
              <p>An entry says once and for all what becomes of one author from one place. It does not rescue from Reject Direct Send; a connector does.</p>
            </Empty>
          ) : (
            <Table
              label="Entries"
              columns={itemColumns}
              rows={items.values}
              keyOf={(row) => row.Identity}
              {...(desk.may('Remove-TenantAllowBlockListSpoofItems')
                ? {
                    actions: (item: SpoofItem) => (
                      <button type="button" class="small danger-quiet" onClick={() => void remove(item)}>
                        Remove
                      </button>
                    ),
                  }
                : {})}
            />
          )}
        </Answered>
      </Panel>
      {decision && (
        <Dialog
          title={`${decision.action} ${decision.pair.SpoofedUser}?`}
          action={decision.action}
          isDangerous={decision.action === 'Allow'}
          onClose={() => setDecision(null)}
          onDo={async () => {
            const isDone = await change('New-TenantAllowBlockListSpoofItems', parametersOf(decision), 'The entry is made.');
            if (isDone) again();
            return isDone;
          }}
        >
          <p>
            {decision.action === 'Allow'
              ? 'Mail of this author from there is delivered, although nothing proves the author.'
              : 'Mail of this author from there is kept or refused, as the anti-phishing policy has it.'}
          </p>
          <Shell line={cmdletLine('New-TenantAllowBlockListSpoofItems', parametersOf(decision))} />
        </Dialog>
      )}
    </>
  );
}
