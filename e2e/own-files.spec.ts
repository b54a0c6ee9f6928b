// A person's own files: dropped or picked in one tab, trained on by all, tried out.
import { clickFile, digitFiles, realFile, zipped } from './fixtures/files.ts';
import { expect, test } from './fixtures/test.ts';

test('idx files dropped in one tab are trained on in two; drawing shows probabilities', async ({ room }) => {
  const [a, b] = [await room.joinTab(), await room.joinTab({ role: 'worker' })];
  const { images, labels } = digitFiles(3_000);
  await expect(a.button('Start training')).toBeEnabled();
  await a.drop([images, labels]);
  await expect(a.data).toContainText('mine-images.idx');
  await expect(a.data).toContainText('2,500 training and 500 test samples; 28×28, 10 classes');
  await a.start({ steps: 120 });
  await a.finished();
  await a.hasValueOver('Test accuracy', 0.6);
  // Only node 1 had the files: node 2 took its steps on blocks that came over WebRTC.
  const id = await b.id();
  await a.clockIs(120, id);
  const { metrics } = await a.figures();
  expect(metrics?.nodes.find(({ node }) => node === id)?.links.webrtc).toBeGreaterThan(0);

  const pad = await a.page.getByRole('img', { name: /Drawing pad/ }).boundingBox();
  if (pad === null) throw new Error('The drawing pad is not to be seen.');
  const { mouse } = a.page;
  await a.page.getByRole('img', { name: /Drawing pad/ }).scrollIntoViewIfNeeded();
  const box = (await a.page.getByRole('img', { name: /Drawing pad/ }).boundingBox()) ?? pad;
  await mouse.move(box.x + box.width / 2, box.y + box.height * 0.2);
  await mouse.down();
  await mouse.move(box.x + box.width / 2, box.y + box.height * 0.8, { steps: 8 });
  await mouse.up();
  await expect(a.output('Prediction')).toHaveText(/^[0-9]$/);
  await expect(a.page.getByRole('list', { name: 'Probabilities' }).getByRole('listitem')).toHaveCount(10);
});

for (const [kind, file] of [
  ['plain', clickFile('clicks.txt', 2_000)],
  ['compressed', zipped(clickFile('clicks.txt', 2_000))],
] as const) {
  test(`a ${kind} libsvm file is trained on in two tabs`, async ({ room }) => {
    const [a, b] = [await room.joinTab(), await room.joinTab({ role: 'worker' })];
    await expect(a.button('Start training')).toBeEnabled();
    await a.pick([file]);
    await expect(a.data).toContainText('clicks.txt');
    await expect(a.page.getByRole('radio', { name: /Click prediction/ })).toBeChecked();
    await a.start({ steps: 100, batch: 128 });
    await b.finished();
    await a.clockIs(100, await b.id());
    await b.hasValueOver('Test accuracy', 0.5);
  });
}

test('MNIST dropped in one tab is trained on in three', async ({ room }) => {
  const names = [
    'train-images-idx3-ubyte',
    'train-labels-idx1-ubyte',
    't10k-images-idx3-ubyte',
    't10k-labels-idx1-ubyte',
  ];
  const files = names.map((name) => realFile(`mnist/${name}.gz`)).filter((file) => file !== null);
  const isMissing = files.length < names.length;
  if (isMissing) console.log('    skipped: ../shared/data/mnist is not there, so nothing real to train on');
  test.skip(isMissing, '../shared/data/mnist is not there');
  const tabs = [await room.joinTab(), await room.joinTab(), await room.joinTab()];
  const [first] = tabs;
  if (first === undefined) return;
  await expect(first.button('Start training')).toBeEnabled();
  await first.drop(files);
  await expect(first.data).toContainText('10,000 training and 10,000 test samples');
  await first.start({ steps: 300 });
  for (const tab of tabs) await tab.finished();
  await first.hasValueOver('Test accuracy', 0.88);
});
