// When a tab got how far on its way into a run, on all of its threads: the marks of `src/runtime/moments.ts`.
import type { Page } from '@playwright/test';

/** Runs in a page or a worker. Milliseconds since 1970. */
const marksHere = (): [string, number][] =>
  performance
    .getEntriesByType('mark')
    .filter(({ name }) => name.startsWith('pushpull '))
    .map(({ name, startTime }) => [name.slice('pushpull '.length), performance.timeOrigin + startTime]);

/** [what, milliseconds since the tab was opened], in order. */
export async function momentsOf(page: Page): Promise<[string, number][]> {
  const opened = await page.evaluate(() => performance.timeOrigin);
  const marks = [await page.evaluate(marksHere)];
  for (const worker of page.workers()) marks.push(await worker.evaluate(marksHere));
  return marks
    .flat()
    .map(([name, at]): [string, number] => [name, Math.round(at - opened)])
    .sort(([, a], [, b]) => a - b);
}
