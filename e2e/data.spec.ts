// Data beyond their first dropping: kept over reloads, read as a stream that can be stopped, bad rows left out.
import { writeFileSync } from 'node:fs';
import { keepOften, keeps } from './fixtures/checkpoints.ts';
import { clickFile } from './fixtures/files.ts';
import { TabPage } from './fixtures/tab-page.ts';
import { expect, test } from './fixtures/test.ts';

test('after a reload of all tabs, in two browsers, the run goes on with the files dropped before; nothing is fetched twice', async ({
  room,
  browser,
}) => {
  // All blocks go to the one worker.
  const first = await room.joinTab({ role: 'server' });
  // Another browser: the two share nothing but the room.
  const elsewhere = await browser.newContext();
  const second = new TabPage(await elsewhere.newPage());
  await second.page.goto(room.url.replace('#', '?role=worker#'));
  await Promise.all([first.joined(2), second.joined(2)]);
  await first.drop([clickFile('clicks.txt', 3_000)]);
  await expect(first.data).toContainText('2,500 training and 500 test samples');
  await keepOften(first, { steps: 1_500, batch: 64, consistency: 'BSP', filters: 'Off' });
  await first.button('Start training').click();
  await expect(second.page.getByLabel('Data fetched')).toContainText(/^7 blocks .+ from node 1$/);
  await Promise.all([keeps(first, 1), keeps(second, 1)]);

  await Promise.all([first.page.reload(), second.page.reload()]);
  await Promise.all([first.joined(2), second.joined(2)]);
  await expect(first.data).toContainText('clicks.txt');
  await first.page.getByRole('button', { name: /Resume from step/ }).click();
  const step = (await first.status()).checkpoint?.step ?? 0;
  await expect.poll(async () => second.clockOf(await second.id())).toBeGreaterThan(step + 20);
  for (const tab of [first, second]) await expect(tab.page.getByLabel('Data fetched')).toHaveText('none');
  await elsewhere.close();
});

test('a large file is read with progress, and reading it can be cancelled', async ({ room }, info) => {
  const path = info.outputPath('large.txt');
  const { bytes } = clickFile('', 4_000);
  writeFileSync(path, Buffer.concat(Array.from({ length: 100 }, () => bytes)));
  const a = await room.joinTab();
  await expect(a.button('Start training')).toBeEnabled();
  const before = await a.data.locator('b').first().textContent();
  await a.page.getByLabel('Choose files').setInputFiles(path);
  await expect(a.page.getByRole('progressbar', { name: 'Looking through large.txt' })).toBeVisible();
  await a.button('Cancel').click();
  await expect(a.page.getByRole('progressbar')).toHaveCount(0);
  await expect(a.data).toContainText(before ?? '');
  await expect(a.button('Start training')).toBeEnabled();
});

test('bad lines of a libsvm file are counted, and left out at a click', async ({ room }) => {
  const a = await room.joinTab();
  await expect(a.button('Start training')).toBeEnabled();
  const lines = Buffer.from(clickFile('', 600).bytes).toString().split('\n');
  lines[2] = '1 7:x';
  lines[9] = 'no label 1:1';
  await a.drop([{ name: 'clicks.txt', bytes: Buffer.from(lines.join('\n')) }]);
  await expect(a.alert).toContainText('clicks.txt: line 3, column 5: the value of index 7 is "x", not a finite number');
  await a.button('Skip 2 bad rows and go on').click();
  await expect(a.data).toContainText('499 training and 99 test samples');
  await expect(a.data).toContainText('2 bad rows skipped');
});
