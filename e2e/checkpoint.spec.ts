// Everybody gone: all tabs closed or reloaded, and training goes on from the last checkpoint.
import { download, keepOften, keeps } from './fixtures/checkpoints.ts';
import type { TabPage } from './fixtures/tab-page.ts';
import { expect, newRoom, test } from './fixtures/test.ts';

/** Long enough that a fast machine is still at it when the tabs go. */
const SETTINGS = { steps: 160, batch: 64, consistency: 'BSP', filters: 'Off' } as const;

const hashOf = (tab: TabPage) => tab.page.evaluate(() => window.pushpull.parametersHash());

test('all tabs are reloaded in mid-run; resumed by a click, it ends with the bytes of the uninterrupted run', async ({
  room,
}) => {
  const first = await room.joinTab();
  const second = await room.joinTab();
  await keepOften(first, SETTINGS);
  await first.button('Start training').click();
  await first.finished();
  const calm = await hashOf(first);

  await first.button('Train again').click();
  // One of this run, no more of the run before, which was at its end.
  await expect
    .poll(async () => (await first.status()).checkpoint?.step, { message: 'a checkpoint of the second run' })
    .toBeLessThan(SETTINGS.steps);
  await Promise.all([first.page.reload(), second.page.reload()]);
  await Promise.all([first.joined(2), second.joined(2)]);

  const offer = first.page.getByRole('region', { name: /when this room was last open/ });
  await expect(offer).toContainText(/step \d+ of 160/);
  await expect(second.page.getByRole('button', { name: /Resume from step/ })).toBeVisible();
  await first.page.getByRole('button', { name: /Resume from step/ }).click();
  await first.finished();
  await second.finished();
  expect(await hashOf(second)).toBe(calm);
});

test('a checkpoint is downloaded and dropped in a fresh room; a damaged one says so and changes nothing', async ({
  room,
  server,
}) => {
  const first = await room.joinTab();
  await keepOften(first, SETTINGS);
  await first.button('Start training').click();
  await first.clockOver(20);
  await first.button('Pause').click();
  await expect(first.runState).toHaveText('Paused');
  const { file, step } = await download(first);
  await first.button('Resume').click();
  await first.finished();
  const calm = await hashOf(first);

  const fresh = await room.openTab({ url: `${server.url}${newRoom()}` });
  await fresh.joined(1);
  await expect(fresh.button('Start training')).toBeEnabled();
  const damaged = file.slice();
  damaged[file.length - 5] = (damaged[file.length - 5] ?? 0) ^ 1;
  await fresh.drop([{ name: 'broken.safetensors', bytes: damaged }]);
  await expect(fresh.alert).toContainText(/broken\.safetensors is damaged/);
  await expect(fresh.button('Start training')).toBeEnabled();
  await fresh.drop([{ name: 'cut.safetensors', bytes: file.subarray(0, 5_000) }]);
  await expect(fresh.alert).toContainText(/cut\.safetensors is damaged/);

  await fresh.drop([{ name: 'checkpoint.safetensors', bytes: file }]);
  await fresh.finished();
  await expect(fresh.page.getByText(`Training goes on from step ${step}.`)).toBeVisible();
  expect(await hashOf(fresh)).toBe(calm);
});

test('the last copy of a segment is lost: the page says which, and goes on from the checkpoint', async ({ room }) => {
  const first = await room.joinTab({ role: 'worker' });
  const server = await room.joinTab({ role: 'server' });
  await keepOften(first, SETTINGS);
  await first.button('Start training').click();
  await first.clockOver(10);
  await keeps(first, 1);
  await server.page.close();
  await expect(first.runState).toHaveText('Failed');
  await expect(first.page.getByText(/The last copy of \d+ of \d+ segments \(.+\) is lost/).first()).toBeVisible();
  await room.openTab({ role: 'server' });
  await first.joined(2);
  await first.page.getByRole('button', { name: /Resume from step/ }).click();
  await first.finished();
});

test('the browser has no room left: the page says so, and the checkpoint before is kept', async ({ room, server }) => {
  const tab = await room.joinTab();
  await keepOften(tab, { ...SETTINGS, steps: 100_000 });
  await tab.button('Start training').click();
  await keeps(tab, 1);
  const devtools = await tab.page.context().newCDPSession(tab.page);
  const { origin } = new URL(server.url);
  // Of 0 Chromium makes no limit at all.
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
  const told = tab.page.getByText(/could not be kept: This browser has no room left/).first();
  await expect(told).toContainText(/The one of step \d+ is kept\./);
  const [, step] = /The one of step (\d+) is kept/.exec((await told.textContent()) ?? '') ?? [];
  // Training goes on, and what is kept is whole: with room again it is where the run goes on from.
  await tab.clockOver(((await tab.value('Clock')) ?? 0) + 10);
  await devtools.send('Storage.overrideQuotaForOrigin', { origin });
  await tab.page.reload();
  await tab.button(`Resume from step ${Number(step).toLocaleString('en')}`).click();
  await tab.clockOver(Number(step) + 10);
});
