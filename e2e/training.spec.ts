// Three tabs train one model; steering, pausing, stopping and downloading as a person does them.
import { readFileSync } from 'node:fs';
import { decodeSafetensors } from '../src/data/safetensors.ts';
import type { TabPage } from './fixtures/tab-page.ts';
import { expect, test } from './fixtures/test.ts';

test('three tabs train to over 80 % on generated digits, and all of them show it', async ({ room }) => {
  const tabs = [await room.joinTab(), await room.joinTab(), await room.joinTab()];
  const [first] = tabs;
  await first?.joined(3);
  // In BSP the result depends on nothing but the seed, however busy the machine.
  await first?.start({ steps: 120, consistency: 'BSP' });
  for (const tab of tabs) {
    await tab.finished();
    await tab.hasValueOver('Test accuracy', 0.8);
    expect(await tab.value('Loss')).toBeLessThan(1);
  }
  const shown = await Promise.all(tabs.map((tab) => tab.output('Test accuracy').textContent()));
  expect(new Set(shown).size).toBe(1);
  const workers = (await tabs[1]?.nodes())?.filter(({ isWorker }) => isWorker) ?? [];
  expect(workers).toHaveLength(3);
});

test('consistency and learning rate change while it trains, in the other tab too', async ({ room }) => {
  const [a, b] = [await room.joinTab(), await room.joinTab()];
  await a.start({ steps: 100_000, consistency: 'BSP' });
  await b.clockOver(2);
  await b.isConsistency('BSP');
  await a.chooseConsistency('Bounded delay');
  await b.isConsistency('Bounded delay');
  await b.chooseConsistency('Async');
  await a.isConsistency('Async');
  await a.page.getByRole('spinbutton', { name: 'Learning rate' }).fill('0.002');
  await expect(b.page.getByRole('spinbutton', { name: 'Learning rate' })).toHaveValue('0.002');
  const clock = (await b.value('Clock')) ?? 0;
  await b.clockOver(clock + 2);
  await b.button('Stop').click();
  await expect(a.runState).toHaveText('Stopped');
});

test('the page shows what each stage of the filters leaves of the bytes', async ({ room }) => {
  const [a, b] = [await room.joinTab(), await room.joinTab()];
  await a.joined(2);
  await a.start({ steps: 60, filters: '8 bit' });
  await b.finished();
  await b.page.getByText('Stage by stage').click();
  const rows = await b.page.getByRole('table', { name: 'Bytes after each stage' }).getByRole('row').allInnerTexts();
  const megabytes = (stage: string) => {
    const row = rows.find((text) => text.startsWith(stage)) ?? '';
    return [...row.matchAll(/([\d.]+) MB/g)].map(([, number]) => Number(number));
  };
  const [plain, left, coded] = ['As f32, with keys', 'Values left', 'In frames'].map(megabytes);
  expect([plain, left, coded].map((figures) => figures?.length)).toEqual([2, 2, 2]);
  // Pixels that are black in all of a batch leave zeros in the first layer's gradient.
  expect(left?.[0]).toBeLessThan(plain?.[0] ?? 0);
  for (const way of [0, 1]) {
    // A byte a value, and whole answers at first.
    expect(coded?.[way]).toBeLessThan(0.35 * (plain?.[way] ?? 0));
    expect(coded?.[way]).toBeGreaterThan(0.25 * (left?.[way] ?? 0));
  }
});

test('pause holds every worker at one clock; resume goes on; stop ends', async ({ room }) => {
  const [a, b] = [await room.joinTab(), await room.joinTab()];
  await a.start({ steps: 100_000 });
  await b.clockOver(2);
  await b.button('Pause').click();
  await expect(a.runState).toHaveText('Paused');
  const held = await standStill(a);
  await a.button('Resume').click();
  await expect(b.runState).toHaveText('Training');
  await b.clockOver(held + 2);
  await a.button('Stop').click();
  await expect(b.runState).toHaveText('Stopped');
});

/** Reports without a step after which nothing is under way any more. */
const STILL_REPORTS = 6;

/** Waits until all workers stand at one clock, report after report. @returns that clock */
async function standStill(tab: TabPage): Promise<number> {
  let [since, stood] = [0, ''];
  const reportsStanding = async () => {
    const { metrics, messages } = await tab.figures();
    const clocks = new Set(metrics?.nodes.filter(({ isWorker }) => isWorker).map(({ clock }) => clock));
    const now = clocks.size === 1 ? [...clocks].join() : 'apart';
    if (now !== stood || now === 'apart') [since, stood] = [messages, now];
    return messages - since;
  };
  await expect.poll(reportsStanding, { message: 'workers stand together' }).toBeGreaterThan(STILL_REPORTS);
  return Number(stood) + 1;
}

test('a tab that is slowed down is shown as slow, also in BSP, where all clocks are equal', async ({ room }) => {
  const [a, b] = [await room.joinTab(), await room.joinTab()];
  await a.start({ steps: 100_000, consistency: 'BSP' });
  await b.clockOver(2);
  const slow = a.row(await b.id()).getByText('slow', { exact: true });
  await b.page.getByLabel('Slow this tab down').selectOption('8× slower');
  await expect(slow).toBeVisible();
  await expect(a.row(await a.id()).getByText('slow', { exact: true })).toBeHidden();
  await b.page.getByLabel('Slow this tab down').selectOption('full speed');
  await expect(slow).toBeHidden();
});

test('with backup tasks another tab makes the gradients of one that is far behind, until it has caught up', async ({
  room,
}) => {
  const [a, b] = [await room.joinTab(), await room.joinTab()];
  await a.start({ steps: 100_000, backupTasks: 'On' });
  await b.clockOver(2);
  const told = b.page.getByRole('region', { name: 'What happened' });
  await b.page.getByLabel('Slow this tab down').selectOption('8× slower');
  await expect(told).toContainText(/This tab is far behind: node \d+ makes its gradients, too\./);
  await expect(a.row(await b.id())).toContainText('helps');
  // Its clocks go on, with those that it leaves to the other.
  const clock = (await b.value('Clock')) ?? 0;
  await a.clockOver(clock + 50, await b.id());
  await b.page.getByLabel('Slow this tab down').selectOption('full speed');
  await expect(told).toContainText('This tab keeps up by itself again.');
});

test('the download is a safetensors file with the model’s tensors', async ({ room }) => {
  const tab = await room.joinTab();
  await tab.start({ steps: 5 });
  await tab.finished();
  const download = tab.page.waitForEvent('download');
  await tab.page.getByLabel('Download', { exact: true }).click();
  await tab.button('Download parameters').click();
  const file = await download;
  expect(file.suggestedFilename()).toBe('digits-mlp.safetensors');
  const { tensors, metadata } = decodeSafetensors(readFileSync(await file.path()));
  expect(tensors.map(({ name, shape }) => [name, ...shape])).toEqual([
    ['w1', 784, 256],
    ['b1', 256],
    ['w2', 256, 128],
    ['b2', 128],
    ['w3', 128, 10],
    ['b3', 10],
  ]);
  expect(metadata.get('job')).toBe('digits-mlp');
  expect(tensors.every(({ values }) => values.every(Number.isFinite))).toBe(true);
});
