// How a format gets at the bytes of files: it is a generator that asks for a file to be read, from its beginning, as often as it
// needs. Whoever drives it has the files, reads them in pieces of any size, and may take its time between two of them.
import { BadDataFile } from './data-file.ts';
import type { Block, Split } from './dataset.ts';

/** Bytes of a file's beginning: more than any format looks at to tell what a file is. */
export const HEAD_BYTES = 128 * 1024;

/** A file by its name and its beginning, decompressed: HEAD_BYTES, or all of a shorter one. */
export interface FileHead {
  readonly name: string;
  readonly head: Uint8Array;
  /** What it is for; without it the name decides. */
  readonly split?: Split;
}

/** Takes a file's bytes, piece by piece. What comes out does not depend on where the pieces are cut. */
export interface ByteSink {
  /** @param chunk valid during the call only */
  push(chunk: Uint8Array): void;
  end(): void;
}

/** A wish: all of `file` into `into`. */
export interface Reading {
  readonly file: FileHead;
  readonly into: ByteSink;
  /** What is done with it, for people: "Looking through". */
  readonly doing: string;
}

/** Asks for readings one by one, and goes on when each has ended. */
export type Asking<T> = Generator<Reading, T, void>;

/** Takes blocks as they are made: they need not be held by whoever makes them. */
export type Emit = (split: Split, block: Block) => void;

/** All of a file, for formats that must have it at once. @throws BadDataFile where it is over `limit` bytes */
export function* readWhole(file: FileHead, limit: number): Asking<Uint8Array> {
  const whole = new Whole(file.name, limit);
  yield { file, into: whole, doing: 'Reading' };
  return whole.bytes();
}

class Whole implements ByteSink {
  private readonly parts: Uint8Array[] = [];
  private length = 0;

  constructor(
    private readonly file: string,
    private readonly limit: number,
  ) {}

  push(chunk: Uint8Array): void {
    this.length += chunk.length;
    if (this.length > this.limit) {
      const sentence = `over ${Math.round(this.limit / 2 ** 20)} MB, and this format is held in memory as a whole: use a part of it`;
      throw new BadDataFile(this.file, 'too-large', sentence);
    }
    this.parts.push(chunk.slice());
  }

  end(): void {}

  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}
