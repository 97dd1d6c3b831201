// Logging in and out, wrong tokens, sessions that end, and what keeps foreign pages out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cmdlet, logIn, newPage, open, picture, seriousViolations, sidewaysPixels, until, withBrowser, world } from './browser.mjs';

withBrowser();

test('a right token opens the overview, and logging out closes it', async () => {
  const { page, context, close } = await newPage();
  await page.goto(world.url);
  await picture(page, 'login');
  await logIn(page, world.tokens.administrator);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  const [cookie] = await context.cookies();
  assert.equal(cookie.httpOnly, true);
  assert.equal(cookie.sameSite, 'Strict');
  assert.equal(await page.evaluate(() => document.cookie), '');
  assert.ok(!(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).includes(world.tokens.administrator));

  // A reload stays logged in.
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();

  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('button', { name: 'Log in' }).waitFor();
  const after = await fetch(`${world.url}/session`, { headers: { Cookie: `${cookie.name}=${cookie.value}` } });
  assert.equal(after.status, 401, 'the cookie is worth nothing any more');
  await close();
});

test('a wrong token is told, and may be mended', async () => {
  const { page, close } = await newPage();
  await page.goto(world.url);
  await page.getByLabel('Token').fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('No such token, or it has expired.').waitFor();
  assert.deepEqual(await seriousViolations(page), []);
  await page.getByLabel('Token').fill(world.tokens.viewer);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await close();
});

test('a token that is removed ends its sessions', async () => {
  const [{ Token }] = await cmdlet('New-ApiToken', { Name: 'Short', Role: 'viewer' });
  const { page, close } = await newPage();
  await logIn(page, Token);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await cmdlet('Remove-ApiToken', { Identity: 'Short' });
  await page.goto(`${world.url}/#/audit`);
  await page.getByRole('button', { name: 'Log in' }).waitFor();
  await close();
});

test('a page of somebody else can do nothing with the cookie', async () => {
  const { page, context, close } = await newPage();
  await logIn(page, world.tokens.administrator);
  const [{ name, value }] = await context.cookies();
  const body = JSON.stringify({ CmdletInput: { CmdletName: 'Set-OrganizationConfig', Parameters: { RejectDirectSend: true } } });
  for (const headers of [{}, { Origin: 'http://evil.example' }, { Origin: world.url }]) {
    const answer = await fetch(`${world.url}/adminapi/beta/-/InvokeCommand`, {
      method: 'POST', headers: { ...headers, Cookie: `${name}=${value}`, 'Content-Type': 'application/json' }, body });
    assert.equal(answer.status, 403, JSON.stringify(headers));
  }
  const [config] = await cmdlet('Get-OrganizationConfig');
  assert.equal(config.RejectDirectSend, false);
  await close();
});

test('several organizations have a chooser, and a token for one sees only that', async () => {
  await cmdlet('New-Organization', { Name: 'Fabrikam' });
  try {
    const { page, close } = await newPage();
    await logIn(page, world.tokens.administrator);
    const chooser = page.getByRole('combobox', { name: 'Organization' });
    await chooser.locator('option', { hasText: 'Fabrikam' }).waitFor({ state: 'attached' });
    assert.deepEqual(await chooser.locator('option').allTextContents(), ['Contoso', 'Fabrikam']);
    await open(page, 'connectors', 'Connectors');
    await page.getByRole('table', { name: 'Connectors' }).getByText('Payroll').waitFor();
    await chooser.selectOption('Fabrikam');
    await page.getByText('No connectors yet').waitFor();
    await page.reload();
    await page.getByText('No connectors yet').waitFor();
    await close();

    const other = await newPage();
    await logIn(other.page, world.tokens.one);
    await other.page.getByText('Contoso', { exact: true }).first().waitFor();
    assert.equal(await other.page.getByRole('combobox', { name: 'Organization' }).count(), 0);
    await other.close();
  } finally {
    await cmdlet('Remove-Organization', { Identity: 'Fabrikam' });
  }
});

test('the login fits a phone', async () => {
  const { page, close } = await newPage({ viewport: { width: 360, height: 700 } });
  await page.goto(world.url);
  await page.getByRole('button', { name: 'Log in' }).waitFor();
  assert.equal(await sidewaysPixels(page), 0);
  await until('the keyboard to be in the field', () => page.evaluate(() => document.activeElement?.tagName === 'INPUT'));
  await close();
});
