// Tabs that nobody looks at keep training to the end of the run: a truly hidden one, with the browser's throttling on, and one that
// has stopped drawing.
import { findProgram } from './browsers/find.ts';
import { openWindowedChromium } from './browsers/windowed-chromium.ts';
import { expect, report, test } from './fixtures/test.ts';

/** Clocks over which a rate is measured. */
const MEASURED_CLOCKS = 60;

test('a hidden tab keeps training', async ({ room }) => {
  test.skip(findProgram(['Xvfb']) === null, 'no Xvfb on this machine: `npm run browsers` installs it');
  const watcher = await room.joinTab({ role: 'watch' });
  const window = await openWindowedChromium();
  try {
    const hidden = await window.openTab(room.url);
    await watcher.joined(2);
    const id = Math.max(...(await watcher.nodes()).map(({ id }) => id));
    await expect.poll(() => hidden.evaluate('document.visibilityState')).toBe('visible');
    await watcher.start({ steps: 2_000, batch: 64 });
    await watcher.clockOver(5, id);
    const clocksPerSecond = async () => {
      const [clock, start] = [await watcher.clockOf(id), performance.now()];
      await watcher.clockOver(clock + MEASURED_CLOCKS, id);
      return (((await watcher.clockOf(id)) - clock) * 1000) / (performance.now() - start);
    };
    const visible = await clocksPerSecond();
    await window.openTab('about:blank');
    await expect.poll(() => hidden.evaluate('document.hidden')).toBe(true);
    const behind = await clocksPerSecond();
    report('steps/s of a tab, visible and then hidden', `${visible.toFixed(1)}, ${behind.toFixed(1)}`);
    await watcher.finished();
    await watcher.clockIs(2_000, id);
    expect(await hidden.evaluate('document.hidden')).toBe(true);
    await expect.poll(() => hidden.evaluate('window.pushpull.status().run.phase')).toBe('finished');
  } finally {
    await window.close();
  }
});

test('a tab that has stopped drawing shows nothing, and trains on', async ({ room }) => {
  const [blank, watcher] = [await room.joinTab(), await room.joinTab({ role: 'watch' })];
  await watcher.joined(2);
  await watcher.start({ steps: 400, batch: 64 });
  await watcher.clockOver(5);
  await blank.page.evaluate(() => window.pushpull.stopDrawing());
  await expect(blank.page.locator('#root')).toBeEmpty();
  await watcher.finished();
  expect(await blank.page.evaluate(() => window.pushpull.status().run?.phase)).toBe('finished');
  await expect(blank.page.locator('#root')).toBeEmpty();
});
