// The daily work: the quarantine, the live tail, spoofed senders, the audit log; and what each role is not
// offered.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cmdlet, logIn, newPage, open, picture, seriousViolations, settle, until, withBrowser, world } from './browser.mjs';
import { send } from './smtp.mjs';

withBrowser();

const mailbox = () => {
  const folder = join(world.data, 'mail/contoso.com/ann/new');
  return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
};

test('a message is looked at as text, released, and another deleted', async () => {
  const { page, close } = await newPage();
  await logIn(page, world.tokens.operator, '#/quarantine');
  await page.getByRole('link', { name: /Nov|20\d\d/ }).first().waitFor();
  await page.getByRole('row').filter({ hasText: 'Invoice 4711' }).getByRole('link').click();
  await page.getByRole('button', { name: 'Show the content as text' }).click();
  const content = page.getByLabel('Content', { exact: true });
  await content.getByText('http://pay.example/').waitFor();
  // Whatever a stranger wrote is text here.
  assert.match(await content.textContent(), /<script>alert\(1\)<\/script>/);
  assert.equal(await page.locator('pre script, pre b, pre a').count(), 0);
  assert.deepEqual(await seriousViolations(page), []);
  await picture(page, 'quarantine-message-light');

  await page.getByRole('button', { name: 'Release' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Release' }).click();
  await page.locator('.notice').getByText('The message is released.').waitFor();
  await until('the message in the mailbox', () => mailbox().some((text) => text.includes('Subject: Invoice 4711') && text.includes('X-Postern-Released:')));
  await until('the button to be off', () => page.getByRole('button', { name: 'Release', exact: true }).isDisabled());

  await open(page, 'quarantine', 'Quarantine');
  await page.getByRole('row').filter({ hasText: 'Invoice 4712' }).getByRole('link').click();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('Nothing is kept').waitFor();
  assert.equal((await cmdlet('Get-QuarantineMessage', { Subject: 'Invoice 4712' })).length, 0);
  await close();
});

test('the live tail shows a message without being asked again', async () => {
  const { page, close } = await newPage();
  await logIn(page, world.tokens.viewer, '#/tail');
  await page.getByText('bob@bank.test').first().waitFor();
  const decided = await send('203.0.113.9', 'new@bank.test', 'ann@contoso.com', 'Just now');
  assert.match(decided, /^250/);
  await page.getByText('new@bank.test').waitFor();
  await page.getByRole('button', { name: 'Refused' }).click();
  assert.equal(await page.getByText('new@bank.test').count(), 0);
  await close();
});

test('a pair is allowed and the entry removed', async () => {
  const { page, close } = await newPage();
  await logIn(page, world.tokens.administrator, '#/spoof');
  await settle(page);
  // What is learned from traffic comes with a delay of its own.
  const table = page.getByRole('table', { name: 'Spoofed senders' });
  await until('a forged author', async () => {
    if (await table.count()) return true;
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Spoofed senders' }).waitFor();
    await settle(page);
    return (await table.count()) > 0;
  });
  const row = table.getByRole('row').filter({ has: page.getByRole('button', { name: 'Allow' }) }).first();
  await row.getByRole('button', { name: 'Allow' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Allow' }).click();
  const entries = page.getByRole('table', { name: 'Entries' });
  await entries.waitFor();
  assert.equal((await cmdlet('Get-TenantAllowBlockListSpoofItems')).length, 1);
  await picture(page, 'spoof-entry-light');
  await entries.getByRole('button', { name: 'Remove' }).click();
  await page.getByText('No entries yet').waitFor();
  await close();
});

test('the audit log tells who changed what, and takes it back', async () => {
  await cmdlet('Set-OrganizationConfig', { RejectDirectSendCheckHeaderFrom: true });
  const { page, close } = await newPage();
  await logIn(page, world.tokens.administrator, '#/audit');
  await page.getByText('RejectDirectSendCheckHeaderFrom: false → true').waitFor();
  await page.getByRole('button', { name: 'Undo the last change of the settings' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click();
  await page.getByRole('table', { name: 'Changes' }).getByText('Undo-OrganizationConfig').waitFor();
  assert.equal((await cmdlet('Get-OrganizationConfig'))[0].RejectDirectSendCheckHeaderFrom, false);
  await close();
});

test('what a role may not do is not offered', async () => {
  const { page, close } = await newPage();
  await logIn(page, world.tokens.viewer, '#/connectors');
  await page.getByRole('table', { name: 'Connectors' }).waitFor();
  for (const name of ['Make a connector', 'Disable', 'Remove']) assert.equal(await page.getByRole('button', { name }).count(), 0, name);
  await open(page, 'quarantine', 'Quarantine');
  const link = page.getByRole('row').filter({ hasText: 'Invoice' }).getByRole('link').first();
  if (await link.count()) {
    await link.click();
    await page.getByText('The content is for operators and administrators.').waitFor();
  }
  for (const name of ['Release', 'Delete']) assert.equal(await page.getByRole('button', { name }).count(), 0, name);
  await open(page, 'assistant', 'Turn-on assistant');
  await page.getByText('an administrator turns the switch').waitFor();
  for (const name of ['Turn audit on', 'Roll back', 'Turn it on']) assert.equal(await page.getByRole('button', { name, exact: true }).count(), 0, name);
  await close();

  const other = await newPage();
  await logIn(other.page, world.tokens.operator, '#/spoof');
  await settle(other.page);
  for (const name of ['Allow', 'Block']) assert.equal(await other.page.getByRole('button', { name, exact: true }).count(), 0, name);
  await other.close();
});
