// What a person chose, as files with paths: dropped ones, and those inside zip archives, which are unpacked one at a time when
// somebody reads them. In the trainer worker.
import { BadDataFile, isGzip } from '../data/data-file.ts';

/** A file that can be read; its name is a path with / between folders. */
export interface SourceFile {
  readonly name: string;
  /** How many bytes its stream has. */
  readonly bytes: number;
  /** Its bytes as they are, as often as wanted. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Its first bytes. */
  head(count: number): Promise<Uint8Array>;
  /** What is wrong where its bytes can't be read. @throws BadDataFile, DamagedFile */
  refuse(cause: unknown): never;
  /** All of it: the file itself, or a copy from an archive. @throws BadDataFile */
  open(): Promise<Blob>;
}

/** A compressed file that doesn't decompress, or one that can't be read any more. */
export class DamagedFile extends Error {
  override name = 'DamagedFile';
}

/** Files in one archive: more names than this take longer to list than anyone waits. */
const MAX_ENTRIES = 200_000;
/** One file of an archive, unpacked as a whole; what is read as a stream may be larger. */
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
    else found.push(plainFile(file, isGzip(head)));
  }
  return found;
}

const plainFile = (file: File, isCompressed: boolean): SourceFile => ({
  name: file.name,
  bytes: file.size,
  stream: () => file.stream(),
  head: async (count) => new Uint8Array(await file.slice(0, count).arrayBuffer()),
  refuse: (cause) => {
    const damaged = `${file.name}: the file is damaged or cut off, it can't be decompressed. Download it again.`;
    const gone = `${file.name}: the file can't be read any more. Is it still there, and unchanged? Choose it again.`;
    throw new DamagedFile(isCompressed ? damaged : gone, { cause });
  },
  open: () => Promise.resolve(file),
});

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
    if (found.length >= MAX_ENTRIES) {
      throw new BadDataFile(file.name, 'too-many-files', `over ${MAX_ENTRIES} files: pack fewer`);
    }
    found.push(zippedFile(file.name, name, bytes, (into) => entry.getData(into), refuse));
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

/** @param writeTo unpacks the file; @param refuse says what is wrong with the archive */
function zippedFile(
  archive: string,
  name: string,
  bytes: number,
  writeTo: (into: WritableStream<Uint8Array>) => Promise<unknown>,
  refuse: (cause: unknown) => never,
): SourceFile {
  const stream = (): ReadableStream<Uint8Array<ArrayBuffer>> => {
    // An archive may lie about the size, so bytes are counted as they come.
    let read = 0;
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        read += chunk.byteLength;
        if (read > bytes) throw tooLarge(archive, name);
        controller.enqueue(chunk.slice());
      },
    });
    // Its failure is the stream's, which whoever reads it sees.
    writeTo(writable).catch((error: unknown) => writable.abort(error).catch(() => undefined));
    return readable;
  };
  // Our own words go through.
  const refuseUnless = (error: unknown): never => {
    if (error instanceof BadDataFile) throw error;
    return refuse(error);
  };
  return {
    name,
    bytes,
    stream,
    head: (count) => firstBytes(stream(), count).catch(refuseUnless),
    refuse: refuseUnless,
    open: async () => {
      if (bytes > MAX_ENTRY_BYTES) throw tooLarge(archive, name);
      return new Response(stream()).blob().catch(refuseUnless);
    },
  };
}

async function firstBytes(stream: ReadableStream<Uint8Array>, count: number): Promise<Uint8Array> {
  const reader = stream.getReader();
  const bytes = new Uint8Array(count);
  let length = 0;
  while (length < count) {
    const { done, value } = await reader.read();
    if (done) break;
    const part = value.subarray(0, count - length);
    bytes.set(part, length);
    length += part.length;
  }
  await reader.cancel();
  return bytes.subarray(0, length);
}
