// Files that are not what they should be: a sentence that says so, and what was there before stays.
import { clickFile, cut, digitFiles, zipped } from './fixtures/files.ts';
import type { DroppedFile } from './fixtures/tab-page.ts';
import { expect, test } from './fixtures/test.ts';

const text = (name: string, content: string): DroppedFile => ({ name, bytes: Buffer.from(content) });

test('bad files are refused in words, one after the other, and the data before them are kept', async ({ room }) => {
  const tab = await room.joinTab();
  await expect(tab.button('Start training')).toBeEnabled();
  const before = await tab.data.textContent();
  const { images, labels } = digitFiles(300);
  const { labels: others } = digitFiles(200);
  const cases: [string, DroppedFile[], RegExp][] = [
    ['no data file', [text('notes.txt', 'Dear diary,\n')], /notes\.txt: not a format/],
    ['an empty file', [text('empty.idx', '')], /empty\.idx: the file is empty/],
    ['a truncated gzip', [cut(zipped(images), 0.5), labels], /mine-images\.idx\.gz: .*(damaged|cut off)/],
    ['a truncated idx', [cut(images, 0.5), labels], /mine-images\.idx: .*cut off/],
    ['labels of other images', [images, others], /200 labels for 300 images/],
    ['images without labels', [images], /labels/],
    ['NaN in libsvm', [text('bad.libsvm', '1 1:1 2:0.5\n0 1:nan 3:1\n')], /bad\.libsvm.*/],
    ['a huge value in libsvm', [text('huge.libsvm', '1 1:1 2:0.5\n0 1:1e300 3:1\n')], /huge\.libsvm.*/],
    ['idx and libsvm together', [images, clickFile('clicks.txt', 10)], /one kind at a time/],
  ];
  for (const [what, files, words] of cases) {
    await test.step(what, async () => {
      await tab.drop(files);
      await expect(tab.alert).toContainText(words);
      await expect(tab.alert).toContainText('kept');
      expect(await tab.data.textContent()).toBe(before);
      await tab.button('Dismiss').click();
      await expect(tab.alert).toHaveCount(0);
    });
  }
  await expect(tab.button('Start training')).toBeEnabled();
});

test('a loss that diverges pauses the run and says so; it can be stopped then', async ({ room }) => {
  const tab = await room.joinTab();
  await tab.start({ steps: 1_000, updater: 'SGD', learningRate: 100 });
  await expect(tab.runState).toHaveText('Paused');
  await expect(tab.page.getByRole('main')).toContainText(
    /loss is not a number since step \d+\. Lower the learning rate/,
  );
  await tab.button('Stop').click();
  await expect(tab.runState).toHaveText('Stopped');
});
