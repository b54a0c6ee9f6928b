// The idx format of MNIST and its relatives (big-endian): images with three dimensions, labels with one, unsigned bytes.
// Format: http://yann.lecun.com/exdb/mnist/ ("the IDX file format"). Decompress before parsing.
import { MAX_BLOCK_BYTES } from '../protocol/limits.ts';
import { BadDataFile } from './data-file.ts';
import type { DenseBlock } from './dataset.ts';

/** Grey images, one byte a pixel; `pixels` is a view of the file, row-major [count, height, width]. */
export interface IdxImages {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly pixels: Uint8Array;
}

const TYPE_U8 = 0x08;
const TYPE_NAMES = new Map([
  [TYPE_U8, 'unsigned bytes'],
  [0x09, 'signed bytes'],
  [0x0b, '16-bit integers'],
  [0x0c, '32-bit integers'],
  [0x0d, '32-bit floats'],
  [0x0e, '64-bit floats'],
]);
/** Dimensions that an idx file in the wild may have: beyond it the bytes are something else. */
const MAX_DIMENSIONS = 8;

/** The number of dimensions that an idx file claims, or null where the bytes don't start as an idx file does. */
export function idxDimensions(bytes: Uint8Array): number | null {
  const dimensions = bytes[3] ?? 0;
  const isIdx = bytes[0] === 0 && bytes[1] === 0 && TYPE_NAMES.has(bytes[2] ?? 0);
  return isIdx && dimensions >= 1 && dimensions <= MAX_DIMENSIONS ? dimensions : null;
}

/** Images from an idx file of three dimensions. Throws `BadDataFile`. `file` is the name to complain with. */
export function parseIdxImages(file: string, bytes: Uint8Array): IdxImages {
  const [[count = 0, height = 0, width = 0], pixels] = parseIdx(file, bytes, 3, 'images are [count, height, width]');
  if (height * width > MAX_BLOCK_BYTES / 2) {
    throw new BadDataFile(file, 'too-large', `images of ${height}×${width} are too large: scale them down`);
  }
  return { count, height, width, pixels };
}

/** Labels from an idx file of one dimension, a view of the file. Throws `BadDataFile`. */
export function parseIdxLabels(file: string, bytes: Uint8Array): Uint8Array {
  return parseIdx(file, bytes, 1, 'labels are [count]')[1];
}

function parseIdx(file: string, bytes: Uint8Array, dimensions: number, wanted: string): [number[], Uint8Array] {
  checkHeader(file, bytes, dimensions, wanted);
  const header = 4 + 4 * dimensions;
  if (bytes.byteLength < header) {
    throw new BadDataFile(file, 'truncated', `cut off inside its ${header}-byte header: copy or download it again`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, header);
  const sizes = Array.from({ length: dimensions }, (_, at) => view.getUint32(4 + 4 * at, false));
  if (sizes.includes(0)) {
    throw new BadDataFile(file, 'empty', `holds nothing: its dimensions are ${sizes.join('×')}`);
  }
  const expected = header + sizes.reduce((product, size) => product * size, 1);
  if (bytes.byteLength < expected) {
    const advice = 'the file is cut off; copy or download it again';
    throw new BadDataFile(file, 'truncated', `${bytes.byteLength} bytes where its header says ${expected}: ${advice}`);
  }
  if (bytes.byteLength > expected) {
    const surplus = bytes.byteLength - expected;
    throw new BadDataFile(file, 'trailing-bytes', `${surplus} bytes more than its header says: not a plain idx file`);
  }
  return [sizes, bytes.subarray(header)];
}

function checkHeader(file: string, bytes: Uint8Array, dimensions: number, wanted: string): void {
  if (bytes.byteLength === 0) throw new BadDataFile(file, 'empty', 'the file is empty');
  if (bytes[0] === 0 && bytes[1] === 0 && bytes.byteLength < 4) {
    throw new BadDataFile(file, 'truncated', 'cut off inside its header: copy or download it again');
  }
  const found = idxDimensions(bytes);
  if (found === null) throw new BadDataFile(file, 'unknown-format', 'not an idx file: it does not start as one');
  const type = bytes[2] ?? 0;
  if (type !== TYPE_U8) {
    throw new BadDataFile(file, 'wrong-type', `holds ${TYPE_NAMES.get(type)}; convert it to unsigned bytes (0 to 255)`);
  }
  if (found !== dimensions) {
    throw new BadDataFile(file, 'wrong-dimensions', `has ${found} dimensions, needs ${dimensions}: ${wanted}`);
  }
}

/** Images and their labels as one block. Throws `BadDataFile` where their numbers differ. `file` names the labels. */
export function pairIdx(file: string, images: IdxImages, labels: Uint8Array): DenseBlock {
  if (images.count !== labels.length) {
    const counts = `${labels.length} labels for ${images.count} images`;
    throw new BadDataFile(file, 'counts-differ', `${counts}: these two files don't belong together`);
  }
  const features = images.height * images.width;
  return { kind: 'dense', count: images.count, features, x: images.pixels, y: Uint32Array.from(labels) };
}
