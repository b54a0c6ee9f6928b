// What the main threads of all tabs cost, read from a trace of the browser: the processor's time of each task, which other
// work on the machine doesn't add to, beside the time that passed meanwhile, which the Long Tasks API shows.
import type { Browser, Page } from '@playwright/test';
import { z } from 'zod';

const TASK = 'ThreadControllerImpl::RunTask';

const eventSchema = z.object({
  name: z.string(),
  pid: z.number(),
  tid: z.number(),
  /** Microseconds: since the trace's beginning, that passed, of the processor. */
  ts: z.number().optional(),
  dur: z.number().optional(),
  tdur: z.number().optional(),
  args: z.object({ name: z.string().optional() }).loose().optional(),
});

const traceSchema = z.object({ traceEvents: z.array(eventSchema) });

/** Milliseconds of one main thread's costliest task. */
export interface TaskTimes {
  readonly cpuMs: number;
  readonly wallMs: number;
}

/** Traces every tab of `browser` while `work` runs: the costliest task of each main thread. */
export async function mainThreadTasks(browser: Browser, page: Page, work: () => Promise<void>): Promise<TaskTimes[]> {
  await browser.startTracing(page, { categories: ['toplevel'] });
  await work();
  const { traceEvents } = traceSchema.parse(JSON.parse((await browser.stopTracing()).toString()));
  const threads = new Map<string, { cpuMs: number; wallMs: number }>();
  const threadOf = ({ pid, tid }: { pid: number; tid: number }) => `${pid} ${tid}`;
  for (const event of traceEvents) {
    if (event.name === 'thread_name' && event.args?.name === 'CrRendererMain') {
      threads.set(threadOf(event), { cpuMs: 0, wallMs: 0 });
    }
  }
  for (const event of traceEvents) {
    const most = event.name === TASK ? threads.get(threadOf(event)) : undefined;
    if (most === undefined) continue;
    most.cpuMs = Math.max(most.cpuMs, (event.tdur ?? 0) / 1000);
    most.wallMs = Math.max(most.wallMs, (event.dur ?? 0) / 1000);
  }
  return [...threads.values()].filter(({ wallMs }) => wallMs > 0);
}
