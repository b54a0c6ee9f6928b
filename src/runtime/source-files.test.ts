// Archives written by zip.js itself and by hand, opened as files that were dropped.
import { BlobWriter, configure, TextReader, ZipWriter } from '@zip.js/zip.js/lib/zip-core-native.js';
import { beforeAll, expect, test } from 'vitest';
import { sourceFiles } from './source-files.ts';

beforeAll(() => configure({ useWebWorkers: false }));

async function archive(files: Record<string, string>, options = {}): Promise<File> {
  const writer = new ZipWriter(new BlobWriter(), options);
  for (const [name, text] of Object.entries(files)) await writer.add(name, new TextReader(text));
  return new File([await writer.close()], 'a.zip');
}

const readAll = async (files: File[]): Promise<Record<string, string>> =>
  Object.fromEntries(
    await Promise.all(
      (await sourceFiles(files)).map(async ({ name, open }) => [name, await (await open()).text()] as const),
    ),
  );

test('files of an archive have their paths; what systems leave behind is passed over', async () => {
  const zip = await archive({
    'pets/cat/1.txt': 'meow',
    'pets/dog/1.txt': 'woof '.repeat(1_000),
    'pets/.DS_Store': 'x',
    '__MACOSX/pets/cat/._1.txt': 'x',
  });
  expect(await readAll([zip])).toEqual({ 'pets/cat/1.txt': 'meow', 'pets/dog/1.txt': 'woof '.repeat(1_000) });
});

test('stored and streamed entries are read as well, and files beside the archive stay', async () => {
  const stored = await archive({ 'a.txt': 'one' }, { level: 0, dataDescriptor: true });
  expect(await readAll([stored, new File(['two'], 'b.txt')])).toEqual({ 'a.txt': 'one', 'b.txt': 'two' });
});

test('an archive that is cut off or damaged is refused by its name', async () => {
  const zip = await archive({ 'a.txt': 'one'.repeat(500) }, { level: 0 });
  await expect(sourceFiles([new File([zip.slice(0, zip.size - 30)], 'cut.zip')])).rejects.toThrow(
    /^cut\.zip: the archive can't be read/,
  );
  const bytes = new Uint8Array(await zip.arrayBuffer());
  // A byte of what is stored: only its checksum tells.
  bytes.fill(0xff, 1_000, 1_001);
  const [entry] = await sourceFiles([new File([bytes], 'bad.zip')]);
  await expect(entry?.open()).rejects.toThrow(/^bad\.zip: the archive can't be read/);
});

/** Writes a number over all places where a header has the unpacked size: behind both signatures. */
async function lying(text: string, claimed: number): Promise<File> {
  const zip = await archive({ 'a.txt': text }, { dataDescriptor: false });
  const bytes = new Uint8Array(await zip.arrayBuffer());
  const view = new DataView(bytes.buffer);
  for (let at = 0; at + 30 < bytes.length; at++) {
    const signature = view.getUint32(at, true);
    if (signature === 0x04034b50) view.setUint32(at + 22, claimed, true);
    if (signature === 0x02014b50) view.setUint32(at + 24, claimed, true);
  }
  return new File([bytes], 'bomb.zip');
}

test('a file that unpacks to more than a tab holds is refused before it is unpacked', async () => {
  const [entry] = await sourceFiles([await lying('x', 2 ** 31)]);
  await expect(entry?.open()).rejects.toThrow('bomb.zip: a.txt unpacks to more than the tab can hold');
});

test('one that says too little of itself is stopped as soon as more has come', async () => {
  const [entry] = await sourceFiles([await lying('0'.repeat(50_000_000), 10)]);
  await expect(entry?.open()).rejects.toThrow(/^bomb\.zip: /);
});

test('an encrypted archive and an empty one say what to do', async () => {
  await expect(sourceFiles([await archive({ 'a.txt': 'one' }, { password: 'p', zipCrypto: true })])).rejects.toThrow(
    'a.zip: a.txt is encrypted: pack it without a password',
  );
  await expect(sourceFiles([await archive({})])).rejects.toThrow('a.zip: the archive has no files in it');
});
