// A Firefox tab and a Chromium tab train one model, on data made by each or on files of one of them.
import { writeFileSync } from 'node:fs';
import { lookForBrowser } from './browsers/find.ts';
import { openFirefox } from './browsers/firefox.ts';
import { defaultsOf } from './cluster/training.ts';
import { clickFile } from './fixtures/files.ts';
import { expect, test } from './fixtures/test.ts';

/** A run as a script asks for it. */
const RUN = {
  steps: 40,
  consistency: { kind: 'ssp', delay: 4 },
  replicas: 1,
  seed: 1,
  checkpoints: { steps: null, seconds: null },
} as const;

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
    const apart = async () => {
      const [here, there] = [await chromium.value('Test accuracy'), (await firefox.call('status')).run?.accuracy];
      return Math.abs((here ?? Number.NaN) - (there ?? Number.NaN));
    };
    await expect.poll(apart, { message: 'difference of the accuracies shown' }).toBeLessThan(1e-6);
    expect(troubles).toEqual([]);
  } finally {
    await browser.close();
  }
});

test('files that are picked in Firefox reach Chromium, and files that are dropped in Chromium reach Firefox', async ({
  room,
}, info) => {
  test.skip(lookForBrowser('firefox') === null, 'no Firefox on this machine: `npm run browsers` installs one');
  const chromium = await room.joinTab();
  const browser = await openFirefox({ isHeaded: false });
  try {
    const troubles: string[] = [];
    const note = (what: string) => void troubles.push(what);
    const firefox = await browser.openTab('firefox', room.url, { onCrash: note, onError: note });
    await chromium.joined(2);
    const [self, other] = [await chromium.id(), (await firefox.call('status')).self];

    const path = info.outputPath('fox.txt');
    writeFileSync(path, clickFile('fox.txt', 1_500).bytes);
    await firefox.chooseFiles([path]);
    await expect.poll(async () => (await firefox.call('status')).dataset?.name).toBe('fox.txt');
    const { job } = await firefox.call('status');
    const defaults = await defaultsOf(firefox, job, {});
    await firefox.call('start', { ...defaults, ...RUN, job }, {});
    await chromium.finished();
    await expect(chromium.page.getByLabel('Data fetched')).toContainText(
      new RegExp(`^\\d+ blocks .+ from node ${other}$`),
    );
    await chromium.clockIs(RUN.steps, self);

    await chromium.button('Change settings').click();
    await chromium.drop([clickFile('chrome.txt', 1_800)]);
    await expect(chromium.data).toContainText('chrome.txt');
    await chromium.start({ steps: 50 });
    await expect.poll(async () => (await firefox.call('status')).run?.data).toBe('chrome.txt');
    await chromium.finished();
    const { transfers } = await firefox.call('status');
    expect(transfers.fetched.map(({ node }) => node)).toEqual([self]);
    await chromium.clockIs(50, other ?? Number.NaN);
    expect(troubles).toEqual([]);
  } finally {
    await browser.close();
  }
});
