// Deflate by the browser's own streams (RFC 1951), a whole array at a time.
import { MalformedBytes } from '../protocol/bytes.ts';

const FORMAT = 'deflate-raw';

/** A block that can't be made smaller is stored as it is, with heads. */
const roomFor = (bytes: number): number => bytes + 64 + Math.ceil(bytes / 1_000);

export const deflate = (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> =>
  through(bytes, new CompressionStream(FORMAT), roomFor(bytes.length));

/** @param length of what comes out: no more is ever held @throws MalformedBytes */
export async function inflate(bytes: Uint8Array<ArrayBuffer>, length: number): Promise<Uint8Array> {
  const out = await through(bytes, new DecompressionStream(FORMAT), length);
  if (out.length !== length) throw new MalformedBytes(`${out.length} of the ${length} bytes of a packed frame`);
  return out;
}

/** @param room for what comes out @throws MalformedBytes where that is too little, or the stream can't read the bytes */
async function through(
  bytes: Uint8Array<ArrayBuffer>,
  { readable, writable }: CompressionStream | DecompressionStream,
  room: number,
): Promise<Uint8Array> {
  const writer = writable.getWriter();
  // What goes wrong in writing is told by reading.
  for (const written of [writer.write(bytes), writer.close()]) written.catch(() => undefined);
  const reader = readable.getReader();
  const out = new Uint8Array(room);
  let at = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (at + value.length > room) throw new MalformedBytes(`more than the ${room} bytes of a packed frame`);
      out.set(value, at);
      at += value.length;
    }
  } catch (error) {
    reader.cancel().catch(() => undefined);
    throw error instanceof MalformedBytes ? error : new MalformedBytes('a packed frame that can’t be inflated');
  }
  return out.subarray(0, at);
}
