// Files out of what a person dropped or picked, folders opened: each named by its path, with / between folders.

/** More than any data set of pictures that a tab could hold: a whole disk dropped by mistake ends here. */
const MAX_FILES = 200_000;

/** A dropped folder that can't be read, or has too much in it. */
export class UnreadableFolder extends Error {
  override name = 'UnreadableFolder';
}

/** The same file under another name. */
const named = (file: File, name: string): File =>
  file.name === name ? file : new File([file], name, { type: file.type, lastModified: file.lastModified });

/** Files of a file field; one that takes folders knows their paths. */
export const pickedFiles = (files: FileList | null): File[] =>
  Array.from(files ?? [], (file) => named(file, file.webkitRelativePath || file.name));

/**
 * Files of a drop. What is in its folders can be asked for only while the event is handled, so call it there.
 * @throws UnreadableFolder
 */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  const plain = Array.from(transfer.files);
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (!entries.some((entry) => entry.isDirectory)) return plain;
  const files: File[] = [];
  const waiting = [...entries];
  for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
    if (isDirectory(entry)) waiting.push(...(await entriesIn(entry)));
    else if (isFile(entry)) files.push(await fileOf(entry));
    if (files.length + waiting.length > MAX_FILES) throw new UnreadableFolder(`Over ${MAX_FILES} files: drop fewer.`);
  }
  return files;
}

const isDirectory = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;

const unreadable = (entry: FileSystemEntry, cause: unknown): UnreadableFolder =>
  new UnreadableFolder(`${entry.fullPath} can't be read. Is it still there?`, { cause });

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => {
    entry.file(
      (file) => resolve(named(file, entry.fullPath.replace(/^\//, ''))),
      (cause) => reject(unreadable(entry, cause)),
    );
  });

/** A reader hands out a hundred at a time, and none at the end. */
async function entriesIn(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, (cause) => reject(unreadable(folder, cause))),
    );
    if (some.length === 0) return all;
    all.push(...some);
    if (all.length > MAX_FILES) throw new UnreadableFolder(`Over ${MAX_FILES} files: drop fewer.`);
  }
}
