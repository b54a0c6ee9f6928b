// How the soak measures a tab's memory: what lives in page and workers, not what their collectors have yet to free.
import { collectGarbage, memoryOfProcess, processOf } from './browsers/renderer-process.ts';
import { expect, report, test } from './fixtures/test.ts';

const MEGABYTE = 1e6;

/** Runs in a page or a worker: over 50 MB of objects, held until `drop`, as a collector frees what nobody holds when it likes. */
function litter(): void {
  Object.assign(globalThis, { litter: Array.from({ length: 1_000_000 }, (_, at) => ({ at, text: [at] })) });
}

function drop(): void {
  Object.assign(globalThis, { litter: null });
}

test('memory of a tab is what lives in it, without the garbage of page and workers', async ({ page }) => {
  const opened = page.waitForEvent('worker');
  await page.evaluate(() => void new Worker(URL.createObjectURL(new Blob(['']))));
  const worker = await opened;
  const id = await processOf(page);
  const bytes = async () => ((await memoryOfProcess(id)) ?? 0) / MEGABYTE;
  await collectGarbage(page);
  const before = await bytes();
  await page.evaluate(litter);
  await worker.evaluate(litter);
  const littered = await bytes();
  await page.evaluate(drop);
  await worker.evaluate(drop);
  await collectGarbage(page);
  const after = await bytes();
  report('MB before, littered, after', [before, littered, after].map((mb) => mb.toFixed(0)).join(', '));
  expect(littered).toBeGreaterThan(before + 100);
  expect(after).toBeLessThan(before + 25);
});
