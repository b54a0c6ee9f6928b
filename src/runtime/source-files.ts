// What a person chose, as files with paths: dropped ones, and those inside zip archives, which are unpacked one at a time when
// somebody reads them. In the trainer worker.
import { BadDataFile } from '../data/data-file.ts';

/** A file that can be read; its name is a path with / between folders. */
export interface SourceFile {
  readonly name: string;
  /** Its bytes: the file itself, or a copy from an archive. @throws BadDataFile */
  open(): Promise<Blob>;
}

/** Files in one archive: more names than this take longer to list than anyone waits. */
const MAX_ENTRIES = 200_000;
/** One file of an archive, unpacked into memory. */
export const MAX_ENTRY_BYTES = 1024 * 1024 * 1024;

/** PKWARE's APPNOTE.TXT, 4.3.7 and 4.3.16: a local file header, or the end of an empty archive. */
const isZip = (head: Uint8Array): boolean =>
  head[0] === 0x50 && head[1] === 0x4b && ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6));

/** What systems leave in folders and archives for themselves. */
const isHidden = (path: string): boolean =>
  path.split('/').some((part) => part.startsWith('.') || part === '__MACOSX' || part === 'Thumbs.db');

/** All files, those in archives instead of the archives. @throws BadDataFile */
export async function sourceFiles(files: readonly File[]): Promise<SourceFile[]> {
  const found: SourceFile[] = [];
  for (const file of files) {
    if (files.length > 1 && isHidden(file.name)) continue;
    const head = new Uint8Array(await file.slice(0, 4).arrayBuffer());
    if (isZip(head)) found.push(...(await entriesOf(file)));
    else found.push({ name: file.name, open: () => Promise.resolve(file) });
  }
  return found;
}

/** The library is loaded when there is an archive to open. */
async function entriesOf(file: File): Promise<SourceFile[]> {
  const zip = await import('@zip.js/zip.js/lib/zip-core-native.js');
  zip.configure({ useWebWorkers: false });
  const refuse = (cause: unknown): never => {
    const why = cause instanceof Error ? cause.message.toLowerCase() : String(cause);
    throw new BadDataFile(file.name, 'truncated', `the archive can't be read (${why}): pack or download it again`);
  };
  const reader = new zip.ZipReader(new zip.BlobReader(file), { checkOverlappingEntry: true, checkSignature: true });
  const found: SourceFile[] = [];
  const generator = reader.getEntriesGenerator();
  for (;;) {
    const { done, value: entry } = await generator.next().catch(refuse);
    if (done || entry === undefined || typeof entry === 'boolean') break;
    if (entry.directory || isHidden(entry.filename)) continue;
    const { filename: name, uncompressedSize: bytes } = entry;
    if (name === '[Content_Types].xml') {
      throw new BadDataFile(file.name, 'unknown-format', 'an office document: save the table as CSV');
    }
    if (entry.encrypted) {
      throw new BadDataFile(file.name, 'compressed', `${name} is encrypted: pack it without a password`);
    }
    if (bytes > MAX_ENTRY_BYTES) throw tooLarge(file.name, name);
    if (found.length >= MAX_ENTRIES) {
      throw new BadDataFile(file.name, 'too-many-files', `over ${MAX_ENTRIES} files: pack fewer`);
    }
    found.push({
      name,
      open: () => unpack(file.name, name, bytes, (into) => entry.getData(into)).catch(refuseUnless(refuse)),
    });
  }
  if (found.length === 0) throw new BadDataFile(file.name, 'empty', 'the archive has no files in it');
  return found;
}

const tooLarge = (archive: string, name: string): BadDataFile =>
  new BadDataFile(
    archive,
    'too-large',
    `${name} unpacks to more than the tab can hold: unpack it, and use a part of it`,
  );

/** Our own words go through. */
const refuseUnless =
  (refuse: (cause: unknown) => never) =>
  (error: unknown): never => {
    if (error instanceof BadDataFile) throw error;
    return refuse(error);
  };

/** One file's bytes. An archive may lie about their number, so they are counted as they come. */
async function unpack(
  archive: string,
  name: string,
  claimed: number,
  writeTo: (into: WritableStream<Uint8Array>) => Promise<unknown>,
): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  let isOver = false;
  const into = new WritableStream<Uint8Array>({
    write(part) {
      bytes += part.byteLength;
      isOver = bytes > claimed;
      if (isOver) throw tooLarge(archive, name);
      parts.push(part.slice());
    },
  });
  try {
    await writeTo(into);
  } catch (error) {
    if (isOver) throw tooLarge(archive, name);
    throw error;
  }
  return new Blob(parts);
}
