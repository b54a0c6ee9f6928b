// How long the page's main thread is kept busy while it trains. Numbers to look at: by the clock, as the Long Tasks API
// has it, other work on the machine adds to them; by the processor's time it does not. What the machine itself makes of as
// much work is measured beside it, and one tab alone, which leaves a core of two free.
import { bareLongestTasks } from './browsers/bare-page.ts';
import { longestTask, watchLongTasks } from './browsers/long-tasks.ts';
import { mainThreadTasks } from './browsers/task-times.ts';
import { expect, report, test } from './fixtures/test.ts';

/** Of one tab alone: about ten seconds of them. */
const ALONE_CLOCKS = 1_000;

/** Of the bare page: ten seconds of them, or less where each takes so long that they would take longer. */
const BARE_TASKS = 100;
const BARE_CPU_MS = 1_000;

const inWords = (longest: readonly number[]): string =>
  longest.map((ms) => (ms === 0 ? 'none over 50 ms' : `${Math.round(ms)} ms`)).join(', ');

test('the main thread’s longest task while training is measured', async ({ room, browser }) => {
  const first = await room.joinTab();
  await first.start({ steps: 100_000 });
  await first.clockOver(5);
  await first.page.evaluate(watchLongTasks);
  await first.clockOver(ALONE_CLOCKS);
  const alone = await first.page.evaluate(longestTask);
  expect(alone).not.toBeNull();
  report('longest main-thread task while one tab trains', inWords([alone ?? 0]));
  const second = await room.joinTab();
  const tabs = [first, second];
  await first.clockOver(5, await second.id());
  for (const { page } of tabs) await page.evaluate(watchLongTasks);
  const tasks = await mainThreadTasks(browser, first.page, async () => {
    await first.clockOver(((await first.value('Clock')) ?? 0) + 40);
  });
  const longest = await Promise.all(tabs.map(({ page }) => page.evaluate(longestTask)));
  for (const ms of longest) expect(ms).not.toBeNull();
  for (const { page } of tabs) await page.close();
  const cpuMs = Math.max(...tasks.map((task) => task.cpuMs));
  report('  while two train, per tab', inWords(longest.map((ms) => ms ?? 0)));
  expect(tasks.length).toBeGreaterThanOrEqual(tabs.length);
  report('  of it the processor’s time', tasks.map((task) => `${Math.round(task.cpuMs)} ms`).join(', '));
  const bare = await bareLongestTasks(browser, {
    tabs: tabs.length,
    cpuMs,
    tasks: Math.min(BARE_TASKS, Math.ceil(BARE_CPU_MS / cpuMs)),
  });
  expect(bare).toHaveLength(tabs.length);
  report('  so much work in tabs without Pushpull, each with a busy worker', inWords(bare));
});
