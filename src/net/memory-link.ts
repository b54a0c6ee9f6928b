// Links that live in memory, for tests: the real chunks and limits, with a scheduler of the test's instead of a network.
import { ChunkedLink, type MessageTransport } from './chunked-link.ts';
import type { OpenLink } from './link.ts';

/** Runs `run` later, in an order that the test decides (between links; one link's runs must stay in order). */
export type Schedule = (run: () => void) => void;

/** The two ends of one link, and how a test injects bytes that no honest end would send. */
export interface MemoryPair {
  readonly a: OpenLink;
  readonly b: OpenLink;
  /** Delivers `data` to `b` as if `a` had sent it. */
  inject(data: unknown): void;
}

/** One direction's end: where messages go. */
class MemoryTransport implements MessageTransport {
  /** The link at this end, once opened. */
  link: ChunkedLink | null = null;
  other: MemoryTransport | null = null;

  constructor(private readonly schedule: Schedule) {}

  canSend(): boolean {
    return this.other?.link !== null;
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    const copy = message.slice().buffer;
    this.schedule(() => this.other?.link?.receive(copy));
  }

  close(reason: string): void {
    this.schedule(() => this.other?.link?.end(`closed by the other end: ${reason}`));
  }

  open(): OpenLink {
    return (handlers) => {
      this.link = new ChunkedLink(this, handlers, this.schedule);
      // The other end may have been opened first and be waiting.
      this.schedule(() => this.other?.link?.pump());
      return this.link;
    };
  }
}

/** Makes a link in memory. Nothing moves but in what `schedule` runs, so a seeded scheduler makes it deterministic. */
export function memoryPair(schedule: Schedule): MemoryPair {
  const a = new MemoryTransport(schedule);
  const b = new MemoryTransport(schedule);
  a.other = b;
  b.other = a;
  return { a: a.open(), b: b.open(), inject: (data) => schedule(() => b.link?.receive(data)) };
}
