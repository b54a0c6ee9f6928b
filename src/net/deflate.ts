// Deflate by the browser's own streams (RFC 1951), a whole frame at a time.
import { MalformedBytes } from '../protocol/bytes.ts';

const FORMAT = 'deflate-raw';

/** @param parts one after the other, as if they were one array @returns memory of its own, no more than that */
export async function deflate(parts: readonly Uint8Array[]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of through(new CompressionStream(FORMAT), parts)) {
    chunks.push(chunk);
    bytes += chunk.length;
  }
  const out = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

/** @param length of what comes out: no more is ever held @throws MalformedBytes */
export async function inflate(bytes: Uint8Array, length: number): Promise<Uint8Array> {
  const out = new Uint8Array(length);
  let at = 0;
  try {
    for await (const chunk of through(new DecompressionStream(FORMAT), [bytes])) {
      if (at + chunk.length > length) throw new MalformedBytes(`more than the ${length} bytes of a packed frame`);
      out.set(chunk, at);
      at += chunk.length;
    }
  } catch (error) {
    throw error instanceof MalformedBytes ? error : new MalformedBytes('a packed frame that can’t be inflated');
  }
  if (at !== length) throw new MalformedBytes(`${at} of the ${length} bytes of a packed frame`);
  return out;
}

async function* through(
  { readable, writable }: CompressionStream | DecompressionStream,
  parts: readonly Uint8Array[],
): AsyncGenerator<Uint8Array> {
  // The stream's own type asks for memory that isn't shared: no frame's is.
  const writer = writable.getWriter() as WritableStreamDefaultWriter<Uint8Array>;
  // What goes wrong in writing is told by reading.
  for (const written of [...parts.map((part) => writer.write(part)), writer.close()]) written.catch(() => undefined);
  const reader = readable.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
