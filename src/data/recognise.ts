// From a handful of dropped files to a format that they all are of, by their beginnings.
import { BadDataFile, isGzip } from './data-file.ts';
import type { DatasetMeta } from './dataset.ts';
import type { FileFormat, Loaded, LoadSettings } from './file-format.ts';
import { formats } from './formats.ts';
import { idxFormat } from './idx-format.ts';
import { libsvmFormat } from './libsvm-format.ts';
import type { Asking, Emit, FileHead } from './reading.ts';

/** What may be dropped, as advice. */
function acceptedFormats(): string {
  const others = [libsvmFormat, ...formats].map(({ name }) => `, or ${name}`).join('');
  return `drop ${idxFormat.name}${others}; each may be .gz, each with or without a test file`;
}

/**
 * Makes blocks of what a set of files is. Where no file is for testing, a sixth of the samples (at most 10,000), chosen by
 * `seed`, is held out. What could be several things is data of the `wanted` kind.
 * @throws BadDataFile with a sentence for the user for anything that is wrong with them
 */
export function* recognise(
  files: readonly FileHead[],
  seed: number,
  wanted: DatasetMeta['kind'],
  settings: LoadSettings,
  emit: Emit,
): Asking<Loaded> {
  if (files.length === 0) throw new BadDataFile('', 'missing-file', `no files: ${acceptedFormats()}`);
  for (const { name, head } of files) {
    if (head.byteLength === 0) throw new BadDataFile(name, 'empty', 'the file is empty');
    if (isGzip(head)) throw new BadDataFile(name, 'compressed', 'still compressed: decompress it first');
  }
  return yield* formatOf(files, wanted).load(files, seed, settings, emit);
}

/** The format that all files are of: the distinctive ones are asked first, then idx and libsvm, then the others. */
export function formatOf(files: readonly FileHead[], wanted: DatasetMeta['kind']): FileFormat {
  const distinctive = formats.find((format) => format.isDistinctive && format.detect(files));
  if (distinctive !== undefined) return distinctive;
  const basic = [idxFormat, libsvmFormat].find((format) => format.detect(files));
  if (basic !== undefined) return basic;
  const able = formats.filter((format) => !format.isDistinctive && format.detect(files));
  const [format] = [...able.filter(({ kind }) => kind === wanted), ...able];
  if (format !== undefined) return format;
  throw mixedOrUnknown(files);
}

function mixedOrUnknown(files: readonly FileHead[]): BadDataFile {
  const known = files.map((file) => [idxFormat, libsvmFormat].find((format) => format.detect([file])));
  const strange = files[known.indexOf(undefined)];
  if (strange !== undefined) {
    return new BadDataFile(strange.name, 'unknown-format', `not a format that can be read here: ${acceptedFormats()}`);
  }
  const [idx, libsvm] = [files[known.indexOf(idxFormat)], files[known.indexOf(libsvmFormat)]];
  const sentence = `${idx?.name} is idx and ${libsvm?.name} is libsvm: use one kind at a time`;
  return new BadDataFile('', 'mixed-kinds', sentence);
}
