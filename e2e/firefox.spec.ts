// A Firefox tab and a Chromium tab train one model.
import { lookForBrowser } from './browsers/find.ts';
import { openFirefox } from './browsers/firefox.ts';
import { expect, test } from './fixtures/test.ts';

test('Firefox and Chromium train together', async ({ room }) => {
  test.skip(lookForBrowser('firefox') === null, 'no Firefox on this machine: `npm run browsers` installs one');
  const chromium = await room.joinTab();
  const browser = await openFirefox({ isHeaded: false });
  try {
    const troubles: string[] = [];
    const note = (what: string) => void troubles.push(what);
    const firefox = await browser.openTab('firefox', room.url, { onCrash: note, onError: note });
    await chromium.joined(2);
    await chromium.start({ steps: 60 });
    await chromium.finished();
    await expect.poll(async () => (await firefox.call('status')).run?.phase).toBe('finished');
    const workers = (await chromium.nodes()).filter(({ isWorker }) => isWorker);
    expect(workers.map(({ label }) => label.split(' ')[0]).sort()).toEqual(['Chromium', 'Firefox']);
    for (const { id } of workers) await chromium.clockIs(60, id);
    await chromium.hasValueOver('Test accuracy', 0.5);
    const shown = (await chromium.value('Test accuracy')) ?? Number.NaN;
    await expect.poll(async () => (await firefox.call('status')).run?.accuracy).toBeCloseTo(shown, 6);
    expect(troubles).toEqual([]);
  } finally {
    await browser.close();
  }
});
