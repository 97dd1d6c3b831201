// The whole turn-on assistant, with mail that is really sent: audit, what-if, pilot, enforce, watch, and back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cmdlet, logIn, newPage, open, picture, seriousViolations, settle, until, withBrowser, world } from './browser.mjs';
import { send } from './smtp.mjs';

withBrowser();

const scan = (recipient = 'ann@contoso.com') => send('198.51.100.7', 'printer@contoso.com', recipient, 'Scan');

async function confirm(page) {
  assert.deepEqual(await seriousViolations(page), []);
  await page.getByRole('dialog').getByRole('button', { name: 'Do it' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

const step = (page, name) => page.getByRole('list', { name: 'Steps' }).getByRole('button', { name }).click();
const state = (page, word) => page.getByLabel('Reject Direct Send now').getByText(word, { exact: true }).waitFor();

test('from nobody knows to a switch that is on, and back', async () => {
  const { page, close } = await newPage();
  await logIn(page, world.tokens.administrator, '#/assistant');
  await state(page, 'Off');

  await page.getByRole('button', { name: 'Turn audit on' }).click();
  await confirm(page);
  await state(page, 'Audit');
  assert.match(await scan(), /^250/, 'audit refuses nothing');

  await step(page, 'What-if');
  await settle(page);
  await page.getByRole('table', { name: 'What would change' }).getByText('198.51.100.7').waitFor();
  await picture(page, 'what-if-light');
  assert.deepEqual(await seriousViolations(page), []);

  await step(page, 'Pilot');
  await page.getByLabel('Pilot recipients').fill('ann@contoso.com');
  await page.getByRole('button', { name: 'Begin the pilot' }).click();
  await confirm(page);
  await state(page, 'Pilot');
  assert.match(await scan('ann@contoso.com'), /^550 5\.7\.68/);
  assert.match(await scan('bob@contoso.com'), /^250/);
  await picture(page, 'pilot-light');

  await step(page, 'Enforce');
  await page.getByRole('button', { name: 'Turn it on', exact: true }).click();
  await confirm(page);
  await state(page, 'On');
  assert.match(await scan('bob@contoso.com'), /^550 5\.7\.68/);

  // Watch: the refused message is there, and leads to its reason.
  await page.getByText('5. Watch: see what is refused').waitFor();
  const refused = page.getByRole('table', { name: 'Messages' });
  await until('the refused message', async () => (await refused.getByText('printer@contoso.com').count()) > 0, 40);
  await picture(page, 'watch-light');
  assert.deepEqual(await seriousViolations(page), []);

  await page.getByRole('button', { name: 'Roll back' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await state(page, 'Pilot');
  assert.match(await scan('bob@contoso.com'), /^250/);
  await close();
});

test('a source becomes a connector, and is refused no more', async () => {
  const { page, close } = await newPage();
  await logIn(page, world.tokens.administrator, '#/sources');
  await settle(page);
  const row = page.getByRole('table', { name: 'Sources' }).getByRole('row').filter({ hasText: '198.51.100.7' });
  await row.getByRole('button', { name: 'Make connector' }).click();
  const dialog = page.getByRole('dialog');
  assert.equal(await dialog.getByLabel(/^Addresses/).inputValue(), '198.51.100.7');
  await dialog.getByLabel('Name', { exact: true }).fill('Printer');
  await dialog.getByRole('button', { name: 'Make connector' }).click();
  await dialog.waitFor({ state: 'detached' });
  await cmdlet('Set-OrganizationConfig', { RejectDirectSend: true, RejectDirectSendMode: 'Enforce', RejectDirectSendPilotRecipients: null });
  assert.match(await scan(), /^250/);
  await open(page, 'sources/198.51.100.7', '198.51.100.7');
  await page.getByText('printer@contoso.com').first().waitFor();
  await close();
});
