// How long the page's main thread is kept busy while it trains. A number to look at: other work on the machine adds to it.
import { longestTask, watchLongTasks } from './browsers/long-tasks.ts';
import { expect, report, test } from './fixtures/test.ts';

test('the main thread’s longest task while training is measured', async ({ room }) => {
  const tabs = [await room.joinTab(), await room.joinTab()];
  const [first] = tabs;
  if (first === undefined) return;
  await first.start({ steps: 100_000 });
  for (const tab of tabs) await tab.clockOver(5);
  for (const { page } of tabs) await page.evaluate(watchLongTasks);
  await first.clockOver(((await first.value('Clock')) ?? 0) + 40);
  const longest = await Promise.all(tabs.map(({ page }) => page.evaluate(longestTask)));
  for (const ms of longest) expect(ms).not.toBeNull();
  const words = longest.map((ms) => (ms === 0 ? 'none over 50 ms' : `${Math.round(ms ?? 0)} ms`));
  report('longest main-thread task while training, per tab', words.join(', '));
});
