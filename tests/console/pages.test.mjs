// Every page, in light, in dark and as wide as a phone: it shows what was really sent, axe-core finds nothing
// serious, nothing has to be scrolled sideways, and nothing leaves the host (newPage).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cmdlet, logIn, newPage, open, picture, seriousViolations, settle, sidewaysPixels, until, withBrowser, world } from './browser.mjs';

withBrowser();

const pages = [
  ['overview', 'Overview', async (page) => page.getByText('Reject Direct Send', { exact: true }).waitFor()],
  ['sources', 'Sources', async () => undefined],
  ['sources/198.51.100.7', '198.51.100.7', async (page) => page.getByText('printer@contoso.com').first().waitFor()],
  ['assistant', 'Turn-on assistant', async (page) => page.getByRole('button', { name: /Audit/ }).first().waitFor()],
  ['connectors', 'Connectors', async (page) => page.getByRole('table', { name: 'Connectors' }).getByText('Payroll').waitFor()],
  ['trace', 'Message trace', async (page) => page.getByText('Your account').first().waitFor()],
  ['tail', 'Live tail', async (page) => page.getByText('bob@bank.test').first().waitFor()],
  ['spoof', 'Spoofed senders', async () => undefined],
  ['quarantine', 'Quarantine', async (page) => page.getByText('Invoice 4711').first().waitFor()],
  ['audit', 'Audit log', async (page) => page.getByText('New-InboundConnector').first().waitFor()],
];

for (const colorScheme of ['light', 'dark']) {
  test(`each page shows what there is, and axe-core finds nothing serious, ${colorScheme}`, async () => {
    const { page, close } = await newPage({ colorScheme });
    await logIn(page, world.tokens.administrator);
    for (const [path, heading, shows] of pages) {
      await open(page, path, heading);
      await shows(page);
      await settle(page);
      await picture(page, `${path.replaceAll('/', '-')}-${colorScheme}`);
      assert.deepEqual(await seriousViolations(page), [], path);
    }
    await close();
  });
}

test('no page has to be scrolled sideways on a phone', async () => {
  const { page, close } = await newPage({ viewport: { width: 360, height: 740 } });
  await logIn(page, world.tokens.administrator);
  for (const [path, heading, shows] of pages) {
    await open(page, path, heading);
    await shows(page);
    await settle(page);
    await picture(page, `${path.replaceAll('/', '-')}-phone`);
    assert.equal(await sidewaysPixels(page), 0, path);
    assert.deepEqual(await seriousViolations(page), [], path);
  }
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByRole('link', { name: 'Audit log' }).click();
  await page.getByRole('heading', { level: 1, name: 'Audit log' }).waitFor();
  await close();
});

test('the pages are reached with the keyboard', async () => {
  const { page, close } = await newPage();
  await logIn(page, world.tokens.administrator);
  await page.getByRole('link', { name: 'Connectors', exact: true }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Connectors' }).waitFor();
  await until('the title to have the keyboard', () => page.evaluate(() => document.activeElement?.tagName === 'H1'));
  await page.getByRole('button', { name: 'Make a connector' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  assert.deepEqual(await seriousViolations(page), []);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await close();
});

test('the trace is searched, sorted and explained', async () => {
  const { page, close } = await newPage();
  await logIn(page, world.tokens.administrator, '#/trace');
  const table = page.getByRole('table', { name: 'Messages' });
  await table.waitFor();
  await page.getByLabel('Search Messages').fill('printer@');
  assert.equal(await table.locator('tbody tr').count(), 4);
  await table.getByRole('button', { name: 'Subject' }).click();
  const subjects = await table.locator('tbody td[data-name=Subject]').allTextContents();
  assert.deepEqual(subjects, ['Scan 0', 'Scan 1', 'Scan 2', 'Scan 3']);
  assert.equal(await table.locator('th[aria-sort=ascending]').count(), 1);

  await page.getByLabel('From IP').fill('192.0.2.66');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await page.getByText('Missed call <script>').first().waitFor();
  assert.equal(await table.locator('tbody tr').count(), 2);
  await table.locator('tbody a').first().click();
  const path = page.locator('.path');
  await path.getByText('no connector has the client').waitFor();
  for (const step of ['Receive', 'Attribution', 'Decision', 'SPF', 'DMARC', 'CompAuth', 'Policy']) {
    await path.getByText(step, { exact: true }).first().waitFor();
  }
  await page.getByLabel('Judge it again with').selectOption({ label: 'RejectDirectSend on' });
  await page.getByText(/Accept .* would be Reject/).waitFor();
  assert.deepEqual(await seriousViolations(page), []);
  await picture(page, 'message-light');
  await page.evaluate(() => window.scrollTo(0, 0));
  await close();
});

test('connectors are made, disabled and removed', async () => {
  const { page, close } = await newPage();
  await logIn(page, world.tokens.administrator, '#/connectors');
  await page.getByText('Wide').first().waitFor();
  await page.getByText('100.64.0.0/16').first().waitFor();
  await page.getByRole('button', { name: 'Make a connector' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('Third floor');
  await dialog.getByLabel(/^Addresses/).fill('10.0.0.0/8');
  await dialog.getByLabel('Require TLS').uncheck();
  await dialog.getByRole('button', { name: 'Make connector' }).click();
  await page.locator('.notice.trouble').getByText('10.0.0.0/8 is wider than /24').waitFor();
  await dialog.getByLabel(/^Addresses/).fill('198.51.100.7, 198.51.100.8');
  await dialog.getByRole('button', { name: 'Make connector' }).click();
  await dialog.waitFor({ state: 'detached' });
  const row = page.getByRole('table', { name: 'Connectors' }).locator('tr', { hasText: 'Third floor' });
  await row.getByText('198.51.100.7, 198.51.100.8').waitFor();
  const [made] = await cmdlet('Get-InboundConnector', { Identity: 'Third floor' });
  assert.equal(made.RequireTls, false);

  await row.getByRole('button', { name: 'Disable' }).click();
  await row.getByText('Disabled').waitFor();
  await row.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await row.waitFor({ state: 'detached' });
  assert.deepEqual((await cmdlet('Get-InboundConnector')).map((one) => one.Name).sort(), ['Payroll', 'Wide']);
  await close();
});
