// Pictures in two tabs: generated shapes, and PNG files of one's own: a folder, an archive, a CSV of labels.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BlobWriter, configure, Uint8ArrayReader, ZipWriter } from '@zip.js/zip.js/lib/zip-core-native.js';
import { colourFolders, png } from '../fixtures/pictures.ts';
import { expect, test } from '../fixtures/test.ts';

test('generated shapes are learnt in two tabs, and an example is told from the others', async ({ room }) => {
  const [a, b] = [await room.joinTab(), await room.joinTab({ role: 'worker' })];
  await expect(a.button('Start training')).toBeEnabled();
  await a.page.getByRole('radio', { name: /Your own pictures/ }).check();
  await expect(a.data).toContainText('24×24 pixels in colour, 6 classes');
  await expect(a.data.getByRole('list', { name: 'Classes' }).getByRole('listitem')).toHaveText(
    ['circle', 'cross', 'ring', 'square', 'star', 'triangle'].map((shape) => `${shape} 1,000`),
  );
  await a.start({ steps: 60, consistency: 'BSP' });
  await a.finished();
  await a.clockIs(60, await b.id());
  // One in six by chance.
  await a.hasValueOver('Test accuracy', 0.4);
  await b.button('Random example').click();
  await expect(b.output('Prediction')).toHaveText(/^(circle|cross|ring|square|star|triangle)$/);
});

test('a folder of PNG files is picked, trained on, and a picture of one’s own is recognised', async ({
  room,
}, info) => {
  const a = await room.joinTab();
  await expect(a.button('Start training')).toBeEnabled();
  for (const { path, bytes } of colourFolders(30)) {
    const file = info.outputPath(path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  await a.page.getByLabel('Choose a folder').setInputFiles(info.outputPath('colours'));
  await expect(a.data).toContainText('50 training and 10 test samples; 40×30 pixels in colour, 2 classes');
  await a.data.getByLabel('Scaled to').selectOption('16×16 pixels');
  await expect(a.data).toContainText('16×16 pixels in colour');
  await a.start({ steps: 30, batch: 16 });
  await a.finished();
  await a.hasValueOver('Test accuracy', 0.9);
  const blue = png(300, 200, () => [30, 30, 220]);
  await a.page
    .getByLabel('Choose a picture')
    .setInputFiles({ name: 'sky.png', mimeType: 'image/png', buffer: Buffer.from(blue) });
  await expect(a.output('Prediction')).toHaveText('blue');
  await expect(a.page.getByText('sky.png')).toBeVisible();
});

test('pictures with a CSV of labels in an archive; a damaged one is named, and skipped on request', async ({
  room,
}) => {
  const a = await room.joinTab();
  await expect(a.button('Start training')).toBeEnabled();
  configure({ useWebWorkers: false });
  const writer = new ZipWriter(new BlobWriter());
  const rows = ['file,colour'];
  for (const [index, { path, bytes }] of colourFolders(12).entries()) {
    const [, colour] = path.split('/');
    const damaged = index === 5 ? bytes.subarray(0, 60) : bytes;
    await writer.add(join('all', `${index}.png`), new Uint8ArrayReader(damaged));
    rows.push(`${index}.png,${colour}`);
  }
  await writer.add('all/labels.csv', new Uint8ArrayReader(Buffer.from(`${rows.join('\n')}\n`)));
  const zip = new Uint8Array(await (await writer.close()).arrayBuffer());
  await a.drop([{ name: 'pictures.zip', bytes: zip }]);
  await expect(a.alert).toContainText('all/5.png: the picture is damaged or cut off; mend it, or skip it');
  await a.button('Skip 1 bad picture and go on').click();
  await expect(a.data).toContainText('40×30 pixels in colour, 2 classes; 1 bad row skipped');
  await expect(a.page.getByRole('radio', { name: /Your own pictures/ })).toBeChecked();
});
