// The process that a Chromium tab runs in: stopped and continued, it is a laptop that slept, with all of its workers.
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { z } from 'zod';

/** The event with which a trace begins: every frame and its process. */
const startedSchema = z.object({
  name: z.literal('TracingStartedInBrowser'),
  args: z.object({ data: z.object({ frames: z.array(z.object({ processId: z.number().optional() })) }) }),
});

/** Chromium tells process ids in traces only: a trace of no length is made. */
export async function processOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  const events: unknown[] = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  const complete = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()));
  await session.send('Tracing.start', {
    traceConfig: { includedCategories: ['disabled-by-default-devtools.timeline'] },
    transferMode: 'ReportEvents',
  });
  await session.send('Tracing.end');
  await complete;
  await session.detach();
  for (const event of events) {
    const started = startedSchema.safeParse(event);
    const [frame] = started.success ? started.data.args.data.frames : [];
    if (frame?.processId !== undefined) return frame.processId;
  }
  throw new Error('Chromium did not tell the process of the tab.');
}

/** Stops everything in the tab, its workers too. @returns what lets it go on */
export async function stopProcess(page: Page): Promise<() => void> {
  return stopProcessById(await processOf(page));
}

export function stopProcessById(id: number): () => void {
  process.kill(id, 'SIGSTOP');
  return () => process.kill(id, 'SIGCONT');
}

/** All garbage of a page and of its workers, in a browser that runs with `--js-flags=--expose-gc`. */
export async function collectGarbage(page: Page): Promise<void> {
  await page.evaluate(collectHere);
  // A worker that ends meanwhile has nothing left to collect.
  for (const worker of page.workers()) await worker.evaluate(collectHere).catch(() => undefined);
}

/** In a task of its own: what is left on the stack is then no reference. */
const collectHere = (): Promise<void> =>
  (gc as NodeJS.GCFunction)({ type: 'major', flavor: 'last-resort', execution: 'async' });

/**
 * Anonymous resident memory of a process, in bytes: heaps, buffers, compiled code, of the page and all its workers, without
 * what it shares with other tabs, and with garbage that nobody has collected yet. Null where there is no /proc.
 */
export async function memoryOfProcess(id: number): Promise<number | null> {
  const status = await readFile(`/proc/${id}/status`, 'utf8').catch(() => '');
  const kilobytes = /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}
