// Tabs that end without a word, stand still, or lose each other: training goes on, and the page says what happened.
import type { TabPage } from './fixtures/tab-page.ts';
import { expect, test } from './fixtures/test.ts';

/** So many nodes are in the room, as this tab sees it. */
const sees = (tab: TabPage, nodes: number) =>
  expect.poll(async () => (await tab.nodes()).length, { message: `${nodes} nodes in the room` }).toBe(nodes);

const timeline = (tab: TabPage) => tab.page.getByRole('region', { name: 'What happened' });

test('a server’s tab crashes in mid-training: its parameters are there, and the others finish', async ({ room }) => {
  const [a, b, c] = [await room.joinTab(), await room.joinTab(), await room.joinTab()];
  await a.start({ steps: 600, consistency: 'BSP' });
  await b.clockOver(10);
  const id = await c.id();
  await c.crash();
  await sees(a, 2);
  await expect(timeline(a)).toContainText(new RegExp(`Node ${id} was closed; .* what it had`));
  for (const tab of [a, b]) await tab.finished();
  await a.hasValueOver('Test accuracy', 0.6);
});

test('the scheduler’s tab crashes in mid-training: the next oldest goes on', async ({ room }) => {
  const [a, b, c] = [await room.joinTab(), await room.joinTab(), await room.joinTab()];
  await a.start({ steps: 100_000, consistency: 'BSP' });
  await b.clockOver(10);
  await a.crash();
  await expect(timeline(b)).toContainText('This tab is the scheduler now.');
  await sees(c, 2);
  await b.button('Pause').click();
  await expect(c.runState).toHaveText('Paused');
  const held = (await c.value('Clock')) ?? 0;
  await c.button('Resume').click();
  // A worker may have been a few steps ahead of what was shown as it was held.
  await b.clockOver(held + 20);
  await c.button('Stop').click();
  for (const tab of [b, c]) await expect(tab.runState).toHaveText('Stopped');
});

test('a tab frozen until the others give it up comes back when it thaws, and works again', async ({ room }) => {
  const [a, b, c] = [await room.joinTab(), await room.joinTab(), await room.joinTab()];
  await a.start({ steps: 100_000 });
  const id = await c.id();
  await a.clockOver(5, id);
  const thaw = await c.freeze();
  await sees(a, 2);
  await expect(timeline(a)).toContainText(`Node ${id} fell silent`);
  const clock = (await a.value('Clock')) ?? 0;
  await b.clockOver(clock + 5);
  thaw();
  await sees(a, 3);
  await a.clockOver(clock + 10, id);
  await a.button('Stop').click();
  for (const tab of [a, b, c]) await expect(tab.runState).toHaveText('Stopped');
});

test('the connection of one pair is cut: it is rebuilt, and training goes on', async ({ room }) => {
  const [a, b, c] = [await room.joinTab(), await room.joinTab(), await room.joinTab()];
  await a.start({ steps: 100_000, consistency: 'BSP' });
  await a.clockOver(5);
  const other = await c.id();
  await b.page.evaluate((node) => window.pushpull.cut(node as Parameters<typeof window.pushpull.cut>[0]), other);
  const clock = (await a.value('Clock')) ?? 0;
  await a.clockOver(clock + 10);
  const peer = async () => (await b.nodes()).find(({ id }) => id === other)?.peer.phase;
  await expect.poll(peer, { message: 'connected again' }).toBe('connected');
  expect(await a.nodes()).toHaveLength(3);
  await a.button('Stop').click();
  for (const tab of [a, b, c]) await expect(tab.runState).toHaveText('Stopped');
});
