// A page without Pushpull beside busy workers: what the machine itself makes of a short task.
import type { Browser, Page } from '@playwright/test';
import { longestTask, watchLongTasks } from './long-tasks.ts';

const TASK_EVERY_MS = 100;

declare global {
  interface Window {
    bareTasks?: number;
  }
}

/** In the page: begins to do so much of the processor's work again and again; how much that is, is found out while nothing else runs. */
function workOnAndOff({ cpuMs, everyMs }: { cpuMs: number; everyMs: number }): void {
  const spin = (rounds: number): number => {
    let sum = 0;
    for (let i = 0; i < rounds; i++) sum += Math.sqrt(i);
    return sum;
  };
  const ROUNDS = 200_000;
  const tries = Array.from({ length: 50 }, () => {
    const start = performance.now();
    spin(ROUNDS);
    return performance.now() - start;
  });
  const rounds = (ROUNDS * cpuMs) / Math.min(...tries);
  window.bareTasks = 0;
  setInterval(() => {
    spin(rounds);
    window.bareTasks = (window.bareTasks ?? 0) + 1;
  }, everyMs);
}

/** In the page: keeps one more thread busy until the page is closed. */
function keepBusy(): void {
  new Worker(URL.createObjectURL(new Blob(['for (;;);'], { type: 'text/javascript' })));
}

/**
 * Milliseconds by the clock of the longest task in so many tabs whose main threads do `cpuMs` of work ten times a second, each
 * with one busy worker, of so many tasks in each; 0 where none took over 50.
 */
export async function bareLongestTasks(
  browser: Browser,
  { tabs, cpuMs, tasks }: { tabs: number; cpuMs: number; tasks: number },
): Promise<number[]> {
  const context = await browser.newContext();
  try {
    const pages: Page[] = [];
    for (let i = 0; i < tabs; i++) pages.push(await context.newPage());
    for (const page of pages) await page.evaluate(workOnAndOff, { cpuMs, everyMs: TASK_EVERY_MS });
    for (const page of pages) await page.evaluate(keepBusy);
    for (const page of pages) await page.evaluate(watchLongTasks);
    return await Promise.all(
      pages.map(async (page) => {
        await page.waitForFunction((most) => (window.bareTasks ?? 0) >= most, tasks);
        return (await page.evaluate(longestTask)) ?? 0;
      }),
    );
  } finally {
    await context.close();
  }
}
