// Pictures of each job's own panel for the README's table of jobs: every job trains on its default data, in a room of its own.
// What it reached is printed beside.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Locator } from '@playwright/test';
import { every } from '../e2e/cluster/periods.ts';
import { TabPage } from '../e2e/fixtures/tab-page.ts';

/** A wide page shows panels beside each other, as narrow as they are on most screens. */
const WINDOW = { viewport: { width: 1280, height: 960 }, deviceScaleFactor: 1.5 };

/** What a picture waits for at most, on a busy machine. */
const TIMEOUT_MS = 240_000;

interface Pictured {
  /** Of its panel. */
  readonly title: string;
  /** Fewer than the job's own where the panel has something to show sooner. */
  readonly steps?: number;
  /** What must be there before the picture is taken. */
  shown(panel: Locator): Locator;
}

const digits: Pictured = {
  title: 'Try the model',
  steps: 150,
  shown: (panel) => panel.getByRole('status', { name: 'Prediction' }),
};

/** Jobs that have a panel of their own. */
export const PICTURED: Readonly<Record<string, Pictured>> = {
  'digits-mlp': digits,
  'digits-cnn': digits,
  'char-lm': { title: 'Let it write', steps: 300, shown: (panel) => panel.locator('pre:has(b:not(:empty))') },
  'matrix-factorization': { title: 'Try the model', shown: (panel) => panel.getByRole('listitem').first() },
  'image-folder': { ...digits, steps: 100 },
  tabular: { title: 'Which columns matter', shown: (panel) => panel.getByRole('listitem').first() },
  lda: { title: 'Topics', steps: 300, shown: (panel) => panel.getByRole('status', { name: 'Coherence' }) },
  'count-min': { title: 'Heavy hitters', shown: (panel) => panel.getByRole('listitem').first() },
};

/** Saves `folder`/<job>.png. @param address of the page, without a room */
export async function takeJobPictures(browser: Browser, address: string, folder: string, jobs: readonly string[]) {
  mkdirSync(folder, { recursive: true });
  for (const job of jobs) {
    const pictured = PICTURED[job];
    if (pictured === undefined)
      throw new RangeError(`${job} has no panel: one of ${Object.keys(PICTURED).join(', ')}.`);
    await takePicture(browser, `${address}#room=picture-of-${job}&secret=shown-in-a-picture`, job, pictured, folder);
  }
}

async function takePicture(browser: Browser, url: string, job: string, pictured: Pictured, folder: string) {
  const context = await browser.newContext(WINDOW);
  const tab = new TabPage(await context.newPage());
  tab.page.setDefaultTimeout(TIMEOUT_MS);
  await tab.page.goto(url);
  const start = tab.page.getByRole('button', { name: 'Start training' });
  await start.waitFor();
  await tab.page.evaluate((name) => window.pushpull.chooseJob(name), job);
  await until(tab, ({ dataset, progress }) => dataset?.jobs.includes(job) === true && progress === null);
  await tab.start(pictured.steps === undefined ? {} : { steps: pictured.steps });
  await until(tab, ({ run }) => run?.phase === 'finished');
  const panel = tab.page.getByRole('region', { name: pictured.title });
  const example = panel.getByRole('button', { name: /example/i });
  if (await example.isVisible()) await example.click();
  await pictured.shown(panel).waitFor();
  await tab.page.mouse.move(0, 0);
  await panel.screenshot({ path: join(folder, `${job}.png`) });
  const { run } = await tab.status();
  console.log(`docs/jobs/${job}.png: score ${run?.accuracy} after ${run?.steps} steps`);
  await context.close();
}

/** @throws where the page reports a problem, or time is up */
export async function until(
  tab: TabPage,
  isThere: (status: Awaited<ReturnType<TabPage['status']>>) => boolean,
  timeoutMs = TIMEOUT_MS,
): Promise<void> {
  const start = performance.now();
  for await (const _ of every('look')) {
    const status = await tab.status();
    if (status.problem !== null) throw new Error(status.problem.text);
    if (isThere(status)) return;
    if (performance.now() - start < timeoutMs) continue;
    const { connection, run } = status;
    throw new Error(`Not there after ${timeoutMs / 1000} s: ${JSON.stringify({ connection, run })}`);
  }
}
