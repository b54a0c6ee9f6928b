// From picture files to a dataset: labelled by their folders or a CSV, decoded one at a time, so that only the small pictures
// that come out are held.
import type { DenseBlock, Split } from '../data/dataset.ts';
import { assemble, type LoadedDataset, type LoadSettings, type NamedFile } from '../data/file-format.ts';
import { type ImageSize, imageSizeOf, imageTypeOf } from '../data/image-header.ts';
import { BadImages, type ImageSet, type LabelledImage, labelImages } from '../data/image-set.ts';
import { MAX_NAME_LENGTH } from '../data/limits.ts';
import { BadImage, ImageDecoder, imageHeader, toGrey } from './image-decoder.ts';
import type { SourceFile } from './source-files.ts';

/** Side of a picture where nobody chose one, and the pictures are not small themselves. */
const DEFAULT_SIDE = 32;
/** Small pictures keep their size: digits, icons, tiles. */
const MIN_OWN_SIDE = 12;
const MAX_OWN_SIDE = 64;
/** Pictures whose sizes are compared. */
const SAMPLED_SIZES = 32;
/** Bytes of pixels held, before grey ones become a third of it. */
const MAX_PIXEL_BYTES = 1024 * 1024 * 1024;
/** Between two words of progress. */
const PROGRESS_EVERY = 16;

/** The pictures are more than a tab can hold. */
export class TooManyImages extends Error {
  override name = 'TooManyImages';
}

const IMAGE_NAME = /\.(png|jpe?g)$/i;
/** Files whose name says nothing are looked into, so many at most. */
const MAX_SNIFFED = 64;
/** Enough to tell a picture's type by. */
const TYPE_BYTES = 64;

/** Pictures, by name or else by content, and everything else. */
export async function sortImages(
  files: readonly SourceFile[],
): Promise<{ images: SourceFile[]; others: SourceFile[] }> {
  const images: SourceFile[] = [];
  const others: SourceFile[] = [];
  for (const file of files) {
    const isImage =
      IMAGE_NAME.test(file.name) || (files.length <= MAX_SNIFFED && imageTypeOf(await file.head(TYPE_BYTES)) !== null);
    (isImage ? images : others).push(file);
  }
  return { images, others };
}

type Progress = (label: string, fraction: number | null) => void;

/**
 * @param tables the text files among what was chosen, read: one may have the labels
 * @throws BadDataFile, BadImages, TooManyImages
 */
export async function loadImages(
  files: readonly SourceFile[],
  tables: readonly NamedFile[],
  seed: number,
  settings: LoadSettings,
  onProgress: Progress,
): Promise<LoadedDataset> {
  const names = files.map(({ name }) => name);
  const set = labelImages(names, tables, seed, settings.skipBadRows);
  const size = await sizeFor(files, settings.imageSide);
  const reading = new ImageReading(files, size, settings.skipBadRows, onProgress);
  const total = set.images.train.length + set.images.test.length;
  if (total * size.width * size.height * 3 > MAX_PIXEL_BYTES) {
    throw new TooManyImages(
      `${total} pictures of ${size.width}×${size.height} are over 1 GiB: use fewer, or make them smaller.`,
    );
  }
  const splits = {
    train: await reading.read(set.images.train, total),
    test: await reading.read(set.images.test, total),
  };
  reading.finish();
  return datasetOf(set, splits, size, reading.isColoured, set.skippedRows + reading.bad);
}

/** Chosen, or the pictures' own where all are of one small size. */
async function sizeFor(files: readonly SourceFile[], chosen: number | null): Promise<ImageSize> {
  if (chosen !== null) return { width: chosen, height: chosen };
  const sizes: (ImageSize | null)[] = [];
  for (const file of files.slice(0, SAMPLED_SIZES)) sizes.push(imageSizeOf(await imageHeader(await file.open())));
  const [first = null] = sizes;
  const isOne = first !== null && sizes.every((size) => size?.width === first.width && size.height === first.height);
  const isSmall = isOne && Math.min(first.width, first.height) >= MIN_OWN_SIDE;
  return isSmall && Math.max(first.width, first.height) <= MAX_OWN_SIDE
    ? first
    : { width: DEFAULT_SIDE, height: DEFAULT_SIDE };
}

/** Pictures decoded one after the other. */
class ImageReading {
  /** Has any of them a pixel that isn't grey? */
  isColoured = false;
  /** Pictures that can't be read. */
  bad = 0;
  private first: { readonly name: string; readonly sentence: string } | null = null;
  private done = 0;
  private readonly decoder: ImageDecoder;
  private readonly features: number;

  constructor(
    private readonly files: readonly SourceFile[],
    size: ImageSize,
    private readonly isSkipping: boolean,
    private readonly onProgress: Progress,
  ) {
    this.decoder = new ImageDecoder(size.width, size.height);
    this.features = size.width * size.height * 3;
  }

  async read(images: readonly LabelledImage[], total: number): Promise<DenseBlock> {
    const { features } = this;
    const x = new Uint8Array(images.length * features);
    const y = new Uint32Array(images.length);
    let count = 0;
    for (const { file, label } of images) {
      if (this.done++ % PROGRESS_EVERY === 0) {
        this.onProgress(`Reading picture ${this.done} of ${total}`, this.done / (total + 1));
      }
      const pixels = await this.decode(this.files[file]);
      if (pixels === null) continue;
      this.isColoured ||= hasColour(pixels);
      x.set(pixels, count * features);
      y[count++] = label;
    }
    return { kind: 'dense', count, features, x: x.subarray(0, count * features), y: y.subarray(0, count) };
  }

  private async decode(file: SourceFile | undefined): Promise<Uint8Array | null> {
    if (file === undefined) return null;
    try {
      return await this.decoder.decode(await file.open());
    } catch (error) {
      if (!(error instanceof BadImage)) throw error;
      this.bad++;
      this.first ??= { name: file.name, sentence: error.message };
      return null;
    }
  }

  /** @throws BadImages where there were any and they aren't to be skipped */
  finish(): void {
    if (this.first !== null && !this.isSkipping) throw new BadImages(this.first.name, this.bad, this.first.sentence);
  }
}

function hasColour(pixels: Uint8Array): boolean {
  for (let at = 0; at < pixels.length; at += 3) {
    if (pixels[at] !== pixels[at + 1] || pixels[at] !== pixels[at + 2]) return true;
  }
  return false;
}

function datasetOf(
  { name, labels }: ImageSet,
  splits: Readonly<Record<Split, DenseBlock>>,
  { width, height }: ImageSize,
  isColoured: boolean,
  skippedRows: number,
): LoadedDataset {
  const channels = isColoured ? 3 : 1;
  const features = width * height * channels;
  const finish = (block: DenseBlock): DenseBlock =>
    isColoured ? block : { ...block, features, x: toGrey(block.x as Uint8Array) };
  const train = finish(splits.train);
  const counts = labels.map(() => 0);
  for (const label of train.y) counts[label] = (counts[label] ?? 0) + 1;
  const loaded = assemble({ train, test: finish(splits.test) }, (samples) => ({
    kind: 'images',
    name: name.slice(0, MAX_NAME_LENGTH),
    samples,
    features,
    shape: [height, width, channels],
    classes: labels.length,
    labels,
    counts,
  }));
  return { ...loaded, skippedRows };
}
