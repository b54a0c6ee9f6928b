// What the first bytes of a picture say: PNG or JPEG, and how large it will be once decoded.

export type ImageType = 'png' | 'jpeg';

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** By content; null where the bytes start as neither does. */
export function imageTypeOf(bytes: Uint8Array): ImageType | null {
  if (PNG.every((byte, at) => bytes[at] === byte)) return 'png';
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff ? 'jpeg' : null;
}

/** Null where the bytes are not of a picture, or too few to tell: a JPEG's size comes after its thumbnail. */
export function imageSizeOf(bytes: Uint8Array): ImageSize | null {
  const type = imageTypeOf(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type === 'jpeg') return jpegSize(view);
  if (type === null || view.byteLength < 24) return null;
  // PNG (third edition), 11.2.1: IHDR comes first.
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** ITU-T T.81, B.1.1.3 and B.2.2: segments of a marker and a length; the frame header is SOF0 to SOF15, but DHT, JPG and DAC. */
function jpegSize(view: DataView): ImageSize | null {
  for (let at = 2; at + 9 <= view.byteLength; ) {
    if (view.getUint8(at) !== 0xff) return null;
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    // Fill bytes stand before a marker; some markers have no length.
    if (marker === 0xff) at++;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) at += 2;
    else at += 2 + view.getUint16(at + 2);
  }
  return null;
}
