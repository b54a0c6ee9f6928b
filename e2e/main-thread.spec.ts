// How long the page's main thread is kept busy while it trains. Numbers to look at: by the clock, as the Long Tasks API
// has it, other work on the machine adds to them; by the processor's time it does not.
import { longestTask, watchLongTasks } from './browsers/long-tasks.ts';
import { mainThreadTasks } from './browsers/task-times.ts';
import { expect, report, test } from './fixtures/test.ts';

test('the main thread’s longest task while training is measured', async ({ room, browser }) => {
  const tabs = [await room.joinTab(), await room.joinTab()];
  const [first] = tabs;
  if (first === undefined) return;
  await first.start({ steps: 100_000 });
  for (const tab of tabs) await tab.clockOver(5);
  for (const { page } of tabs) await page.evaluate(watchLongTasks);
  const tasks = await mainThreadTasks(browser, first.page, async () => {
    await first.clockOver(((await first.value('Clock')) ?? 0) + 40);
  });
  const longest = await Promise.all(tabs.map(({ page }) => page.evaluate(longestTask)));
  for (const ms of longest) expect(ms).not.toBeNull();
  const words = longest.map((ms) => (ms === 0 ? 'none over 50 ms' : `${Math.round(ms ?? 0)} ms`));
  report('longest main-thread task while training, per tab', words.join(', '));
  expect(tasks.length).toBeGreaterThanOrEqual(tabs.length);
  report('  of it the processor’s time', tasks.map(({ cpuMs }) => `${Math.round(cpuMs)} ms`).join(', '));
});
