// From the bytes of a PNG or JPEG to the few pixels that a model sees. In the trainer worker.
import { imageSizeOf, imageTypeOf } from '../data/image-header.ts';

/** Pixels of one picture while it is decoded: 192 MiB. Cameras have 50 million; what claims more would kill the tab. */
const MAX_IMAGE_PIXELS = 48 * 1024 * 1024;
/** Bytes of one picture's file. */
export const MAX_IMAGE_BYTES = 64 * 1024 * 1024;
/** Where a picture's size stands: behind its thumbnail and colour profile at worst. */
const HEADER_BYTES = 256 * 1024;

/** A picture that can't be used; the message says why, without naming it. */
export class BadImage extends Error {
  override name = 'BadImage';
}

/** Its first bytes, which say what it is. */
export const imageHeader = async (file: Blob): Promise<Uint8Array> =>
  new Uint8Array(await file.slice(0, HEADER_BYTES).arrayBuffer());

/** Decodes one picture after the other into the same canvas. */
export class ImageDecoder {
  private readonly context: OffscreenCanvasRenderingContext2D;

  /** @param width and height that pictures get: the middle of each, as much of it as fits these proportions */
  constructor(
    private readonly width: number,
    private readonly height: number,
  ) {
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (context === null) throw new BadImage('this browser can’t draw in a worker');
    context.imageSmoothingQuality = 'high';
    this.context = context;
  }

  /** Red, green, blue of every pixel, row by row. @throws BadImage */
  async decode(file: Blob): Promise<Uint8Array> {
    if (file.size > MAX_IMAGE_BYTES) throw new BadImage(`over ${MAX_IMAGE_BYTES / 2 ** 20} MiB: scale it down`);
    checkHeader(await imageHeader(file));
    const bitmap = await createImageBitmap(file).catch((cause: unknown) => {
      throw new BadImage('the picture is damaged or cut off', { cause });
    });
    this.draw(bitmap);
    bitmap.close();
    return this.pixels();
  }

  private draw(bitmap: ImageBitmap): void {
    const { context, width, height } = this;
    const scale = Math.max(width / bitmap.width, height / bitmap.height);
    const [drawnWidth, drawnHeight] = [bitmap.width * scale, bitmap.height * scale];
    // What is transparent is paper.
    context.fillStyle = '#fff';
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, (width - drawnWidth) / 2, (height - drawnHeight) / 2, drawnWidth, drawnHeight);
  }

  private pixels(): Uint8Array {
    const { data } = this.context.getImageData(0, 0, this.width, this.height);
    const pixels = new Uint8Array(this.width * this.height * 3);
    for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
      pixels[to] = data[from] as number;
      pixels[to + 1] = data[from + 1] as number;
      pixels[to + 2] = data[from + 2] as number;
    }
    return pixels;
  }
}

function checkHeader(header: Uint8Array): void {
  if (imageTypeOf(header) === null) throw new BadImage('neither PNG nor JPEG');
  const size = imageSizeOf(header);
  if (size === null) throw new BadImage('its size can’t be read: the picture is damaged');
  if (size.width * size.height > MAX_IMAGE_PIXELS) {
    throw new BadImage(`${size.width}×${size.height} pixels are too many: scale it down`);
  }
}

/** Rec. 601 luma of red, green, blue, as old televisions weighed them. */
export function toGrey(pixels: Uint8Array): Uint8Array {
  const grey = new Uint8Array(pixels.length / 3);
  for (let at = 0; at < grey.length; at++) {
    const [red, green, blue] = [pixels[3 * at], pixels[3 * at + 1], pixels[3 * at + 2]] as [number, number, number];
    grey[at] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  }
  return grey;
}
