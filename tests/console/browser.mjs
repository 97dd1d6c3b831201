// What the browser's tests share: a Chromium of their own, logging in, and what must hold on every page:
// no error in its console, no request that leaves the host, nothing serious that axe-core finds.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';

export const world = JSON.parse(process.env.POSTERN_WORLD);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

let browser;

/** To be called once by each file of tests. */
export function withBrowser() {
  before(async () => {
    browser = await chromium.launch({ executablePath: world.chromium, args: flags });
  });
  after(() => browser?.close());
}

/** A page of its own, with its own cookies. `close` says what went wrong on it. */
export async function newPage(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, colorScheme: 'light', ...options });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const troubles = [];
  page.on('pageerror', (error) => troubles.push(`error: ${error}`));
  page.on('console', (entry) => {
    // The browser tells of every answer of 400 and above; those are looked at where they are expected.
    if (entry.type() === 'error' && !entry.text().startsWith('Failed to load resource')) troubles.push(`console: ${entry.text()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${world.url}/`)) troubles.push(`request elsewhere: ${request.url()}`);
  });
  const close = async () => {
    await context.close();
    assert.deepEqual(troubles, []);
  };
  return { page, context, close };
}

export async function logIn(page, token, path = '') {
  await page.goto(`${world.url}/${path}`);
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Log in' }).click();
  // On a phone the list of pages is hidden.
  await page.locator('#menu').waitFor({ state: 'attached' });
}

/** Goes to a page of the console and waits until posternd has answered it. */
export async function open(page, path, heading) {
  await page.goto(`${world.url}/#/${path}`);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  await settle(page);
}

export async function settle(page) {
  // Not waitForFunction: it evaluates text, which the console's Content-Security-Policy forbids.
  await until('all answers', async () => (await page.locator('.waiting').count()) === 0);
}

/** What axe-core calls serious or critical, as readable lines. */
export async function seriousViolations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations
    .filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.any.map((why) => why.message).join('; ')}`).join(' | ')}`);
}

export async function sidewaysPixels(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Keeps a picture where POSTERN_SCREENSHOTS names a folder. */
export async function picture(page, name) {
  if (process.env.POSTERN_SCREENSHOTS) await page.screenshot({ path: join(process.env.POSTERN_SCREENSHOTS, `${name}.png`) });
}

/** A cmdlet past the browser, as an administrator: for what the console must have done. */
export async function cmdlet(name, parameters = {}, token = world.tokens.administrator) {
  const answer = await fetch(`${world.url}/adminapi/beta/-/InvokeCommand`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ CmdletInput: { CmdletName: name, Parameters: parameters } }),
  });
  const body = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(body));
  return body.value;
}

/** Looks again and again until it is true, with an end. */
export async function until(what, condition, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    assert.ok(Date.now() < end, `waited ${seconds} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
