import { expect, test } from 'vitest';
import { BadDataFile } from './data-file.ts';
import { labelImages } from './image-set.ts';

const encode = (text: string) => new TextEncoder().encode(text);
const SEED = 1;

/** What became of each path: its split and its label. */
function labelled(paths: readonly string[], csv?: { name: string; text: string }, isSkipping = false) {
  const tables = csv === undefined ? [] : [{ name: csv.name, bytes: encode(csv.text) }];
  const set = labelImages(paths, tables, SEED, isSkipping);
  const found = new Map<string, string>();
  for (const split of ['train', 'test'] as const) {
    for (const { file, label } of set.images[split]) found.set(paths[file] ?? '', `${split} ${set.labels[label]}`);
  }
  return { set, found };
}

test('the class is the folder below what all pictures have in common', () => {
  const paths = ['pets/cat/1.png', 'pets/cat/old/2.png', 'pets/dog/1.png', 'pets/dog/2.png'];
  const { set, found } = labelled(paths);
  expect(set.name).toBe('pets');
  expect(set.labels).toEqual(['cat', 'dog']);
  expect(paths.map((path) => found.get(path)?.split(' ')[1])).toEqual(['cat', 'cat', 'dog', 'dog']);
});

test('folders dropped side by side are classes; a sixth is held out', () => {
  const paths = Array.from({ length: 60 }, (_, i) => `${i % 2 ? 'left' : 'right'}/${i}.jpg`);
  const { set } = labelled(paths);
  expect(set.name).toBe('pictures');
  expect([set.images.train.length, set.images.test.length]).toEqual([50, 10]);
});

test('train and test folders are the splits', () => {
  const { found } = labelled(['d/train/a/1.png', 'd/train/b/2.png', 'd/val/a/3.png', 'd/val/b/4.png']);
  expect(found.get('d/train/b/2.png')).toBe('train b');
  expect(found.get('d/val/a/3.png')).toBe('test a');
});

test('the same pictures make the same data, in whatever order they come, well mixed', () => {
  const paths = Array.from({ length: 100 }, (_, i) => `${i < 50 ? 'a' : 'b'}/${i}.png`);
  const order = (list: string[]) => labelled(list).set.images.train.map(({ file }) => list[file]);
  expect(order(paths.toReversed())).toEqual(order(paths));
  const first = labelled(paths)
    .set.images.train.slice(0, 40)
    .filter(({ label }) => label === 0).length;
  expect(first).toBeGreaterThan(8);
  expect(first).toBeLessThan(32);
});

test('numbered classes are in the order of their numbers', () => {
  expect(labelled(['10/a.png', '9/b.png', '1/c.png']).set.labels).toEqual(['1', '9', '10']);
});

test('a CSV file names pictures with or without folder and extension; others have no label', () => {
  const csv = { name: 'labels.csv', text: 'id,width,breed\na,5,pug\nb.png,5,corgi\nimg/c.png,6,pug\n' };
  const { set, found } = labelled(['img/a.png', 'img/b.png', 'img/c.png', 'img/d.png'], csv);
  expect(set.labels).toEqual(['corgi', 'pug']);
  expect(found.get('img/b.png')).toContain('corgi');
  expect(found.get('img/c.png')).toContain('pug');
  expect(set.unlabelled).toBe(1);
});

test('a CSV without a header will do', () => {
  const { found } = labelled(['a.png', 'b.png'], { name: 'l.csv', text: 'a.png,x\nb.png,y\n' });
  expect(found.get('a.png')).toContain('x');
});

test('a row without its picture is told with line and column, and may be skipped', () => {
  const csv = { name: 'l.csv', text: 'file,label\na.png,x\nb.png,y\ngone.png,x\n' };
  expect(() => labelled(['a.png', 'b.png'], csv)).toThrow(
    'l.csv: line 4, column 1: there is no picture "gone.png"; mend this row, or skip it',
  );
  expect(labelled(['a.png', 'b.png'], csv, true).set.skippedRows).toBe(1);
});

test('pictures that nothing is known of, and pictures of one class, are refused with advice', () => {
  expect(() => labelled(['a.png', 'b.png'])).toThrow(
    /2 pictures, and nothing says what they are: put pictures into a folder/,
  );
  expect(() => labelled(['cats/a.png', 'cats/b.png'])).toThrow(BadDataFile);
  const csv = { name: 'l.csv', text: 'file,label\na.png,x\nb.png,x\n' };
  expect(() => labelled(['a.png', 'b.png'], csv)).toThrow('every picture is “x”');
});
