// What every link promises, as cases that run anywhere: in unit tests and, over real channels, in a page. Test code.
// A case throws where a promise is broken; it waits on frames and closes, never on time.
import { MAX_LINK_QUEUE_BYTES } from '../protocol/limits.ts';
import { Random } from '../random.ts';
import { type Link, type LinkHandlers, type OpenLink, Priority } from './link.ts';

/** Two ends of a link that nobody has opened yet. */
export interface LinkPair {
  readonly a: OpenLink;
  readonly b: OpenLink;
  /** Brings to `b` what no honest end would send. */
  inject(data: unknown): void;
  /** Ends what the fixture holds besides the links. */
  dispose?(): void;
}

export interface LinkFixture {
  makePair(): Promise<LinkPair>;
  /** What must close this kind of link, each with the reason's expected words. */
  readonly garbage: readonly { readonly what: string; readonly data: unknown; readonly reason: RegExp }[];
}

export interface ComplianceCase {
  readonly name: string;
  run(fixture: LinkFixture): Promise<void>;
}

const MIB = 1024 * 1024;

/** How long a case waits for a frame or a close before it fails: far over what the slowest takes (256 MiB, 30 s). */
const WAIT_MS = 120_000;

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`the link broke a promise: ${what}`);
}

/** One end, with everything that has happened to it. */
class End implements LinkHandlers {
  readonly frames: Uint8Array[] = [];
  readonly reasons: string[] = [];
  readonly broken: string[] = [];
  readonly link: Link;
  onEachFrame: (frame: Uint8Array) => void = () => {};
  private wake: () => void = () => {};

  constructor(open: OpenLink) {
    this.link = open(this);
  }

  onFrame(frame: Uint8Array): void {
    this.note(this.reasons.length === 0, 'no frame after the close');
    this.note(frame.byteOffset % 8 === 0, 'frames start at a multiple of 8');
    this.frames.push(frame);
    this.onEachFrame(frame);
    this.wake();
  }

  onClose(reason: string): void {
    this.reasons.push(reason);
    this.note(this.reasons.length === 1, `one close (${this.reasons.join('; ')})`);
    this.wake();
  }

  /** Like `check`, inside a handler: the link must not see the error, the case does at its end. */
  note(condition: boolean, what: string): void {
    if (!condition) this.broken.push(what);
  }

  /** Waits until `isDone`, looked at after everything that happens. */
  async until(what: string, isDone: () => boolean): Promise<void> {
    if (isDone()) return;
    await new Promise<void>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`waited in vain for ${what}: ${this}`)), WAIT_MS);
      this.wake = () => {
        if (!isDone()) return;
        clearTimeout(limit);
        resolve();
      };
    });
    this.wake = () => {};
  }

  frameCount(count: number): Promise<void> {
    return this.until(`${count} frames`, () => this.frames.length >= count);
  }

  closed(): Promise<void> {
    return this.until('a close', () => this.reasons.length > 0);
  }

  toString(): string {
    return `${this.frames.length} frames, ${this.link.queuedBytes} bytes queued, closes: [${this.reasons.join('; ')}]`;
  }
}

/** Runs a case with both ends opened, and ends them after it. */
async function withEnds(fixture: LinkFixture, run: (a: End, b: End, pair: LinkPair) => Promise<void>): Promise<void> {
  const pair = await fixture.makePair();
  const a = new End(pair.a);
  const b = new End(pair.b);
  try {
    await run(a, b, pair);
  } finally {
    a.link.close('the case is over');
    b.link.close('the case is over');
    pair.dispose?.();
  }
  check(a.broken.length + b.broken.length === 0, [...a.broken, ...b.broken].join('; '));
}

/** Bytes that tell their index and position, so that any mix-up shows. */
function patterned(index: number, bytes: number): Uint8Array {
  const frame = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at++) frame[at] = (index * 31 + at * 7 + (at >> 8)) & 0xff;
  return frame;
}

function checkPattern(frame: Uint8Array | undefined, index: number, bytes: number): void {
  check(frame?.byteLength === bytes, `frame ${index} has ${bytes} bytes, not ${frame?.byteLength}`);
  const expected = patterned(index, bytes);
  for (let at = 0; at < bytes; at++) {
    if (frame[at] !== expected[at]) throw new Error(`byte ${at} of frame ${index} (${bytes} bytes) is wrong`);
  }
}

async function checkSizes(fixture: LinkFixture, sizes: readonly number[]): Promise<void> {
  await withEnds(fixture, async (a, b) => {
    for (const [index, bytes] of sizes.entries()) a.link.send([patterned(index, bytes)], Priority.push);
    await b.frameCount(sizes.length);
    for (const [index, bytes] of sizes.entries()) checkPattern(b.frames[index], index, bytes);
    check(a.link.queuedBytes === 0, 'nothing is queued after everything arrived');
  });
}

/** Every promise of `Link`. */
export const linkCompliance: readonly ComplianceCase[] = [
  {
    name: 'keeps frames of one priority in order and whole, whatever their size',
    run: (fixture) => {
      const random = new Random(1);
      return checkSizes(
        fixture,
        Array.from({ length: 300 }, () => random.below(2 ** (1 + random.below(18)))),
      );
    },
  },
  {
    name: 'carries frames around the size of a message',
    run: (fixture) =>
      checkSizes(
        fixture,
        [65_504, 65_519, 65_520, 65_521, 65_527, 65_528, 65_529, 65_536, 65_544, 131_056, 131_072].flatMap((size) => [
          size,
          size,
        ]),
      ),
  },
  { name: 'carries empty frames', run: (fixture) => checkSizes(fixture, [0, 0, 5, 0, 70_000, 0]) },
  {
    name: 'carries many small frames',
    run: (fixture) =>
      checkSizes(
        fixture,
        Array.from({ length: 20_000 }, (_, index) => index % 41),
      ),
  },
  {
    name: 'sends parts one after the other as one frame',
    run: (fixture) =>
      withEnds(fixture, async (a, b) => {
        const whole = patterned(3, 200_001);
        const cuts = [0, 0, 1, 14, 14, 65_555, 140_000, 200_001, 200_001];
        a.link.send(
          cuts.slice(1).map((cut, index) => whole.subarray(cuts[index], cut)),
          Priority.pull,
        );
        a.link.send([], Priority.pull);
        await b.frameCount(2);
        checkPattern(b.frames[0], 3, 200_001);
        check(b.frames[1]?.byteLength === 0, 'no parts are an empty frame');
      }),
  },
  {
    name: 'lets higher priorities overtake',
    run: (fixture) =>
      withEnds(fixture, async (a, b) => {
        const block = new Uint8Array(MIB);
        for (let index = 0; index < 32; index++) a.link.send([block], Priority.bulk);
        a.link.send([patterned(1, 100)], Priority.push);
        a.link.send([patterned(2, 101)], Priority.pull);
        a.link.send([patterned(3, 102)], Priority.control);
        await b.frameCount(1);
        // Bulk is under way now.
        a.link.send([patterned(4, 103)], Priority.control);
        await b.frameCount(36);
        const at = [102, 101, 100, 103].map((size) => b.frames.findIndex((frame) => frame.byteLength === size));
        check(at[0] === 0 && at[1] === 1 && at[2] === 2, `control, pull, push, then bulk: ${at.join(' ')}`);
        check((at[3] ?? 99) < 35, 'a control frame overtakes bulk frames that wait');
      }),
  },
  {
    name: 'carries both directions at once',
    run: (fixture) =>
      withEnds(fixture, async (a, b) => {
        for (let index = 0; index < 40; index++) {
          a.link.send([patterned(index, 100_000)], Priority.push);
          b.link.send([patterned(index + 40, 90_000)], Priority.push);
        }
        await Promise.all([a.frameCount(40), b.frameCount(40)]);
        for (let index = 0; index < 40; index++) {
          checkPattern(b.frames[index], index, 100_000);
          checkPattern(a.frames[index], index + 40, 90_000);
        }
      }),
  },
  {
    name: 'carries a frame of 256 MiB whole',
    run: (fixture) =>
      withEnds(fixture, async (a, b) => {
        const quarter = patterned(9, 64 * MIB);
        a.link.send([quarter, quarter, quarter, quarter], Priority.bulk);
        await b.frameCount(1);
        const frame = b.frames[0];
        check(frame?.byteLength === 256 * MIB, `256 MiB arrived, not ${frame?.byteLength}`);
        for (let at = 0; at < frame.byteLength; at += 4093) {
          if (frame[at] !== quarter[at % quarter.byteLength]) throw new Error(`byte ${at} of 256 MiB is wrong`);
        }
      }),
  },
  {
    name: 'counts frames and bytes at both ends',
    run: (fixture) =>
      withEnds(fixture, async (a, b) => {
        for (let index = 0; index < 10; index++) a.link.send([new Uint8Array(100_000)], Priority.push);
        await b.frameCount(10);
        const { stats: sent } = a.link;
        const { stats: got } = b.link;
        check(sent.framesOut === 10 && got.framesIn === 10, `10 frames: ${sent.framesOut} out, ${got.framesIn} in`);
        check(sent.bytesOut === got.bytesIn, `as many bytes out as in: ${sent.bytesOut}, ${got.bytesIn}`);
        check(
          sent.bytesOut >= 1_000_000 && sent.bytesOut < 1_010_000,
          `chunk headers cost under 1 %: ${sent.bytesOut}`,
        );
        check(sent.framesIn === 0 && got.framesOut === 0, 'nothing went the other way');
      }),
  },
  {
    name: 'says when the parts of a frame may change',
    run: (fixture) =>
      withEnds(fixture, async (a, b) => {
        const told: number[] = [];
        for (const [index, bytes] of [100, 40_000, 200_000].entries()) {
          const part = new Uint8Array(bytes).fill(index + 1);
          a.link.send([part], Priority.push, () => {
            told.push(index);
            part.fill(0xff);
          });
          check(told.length === 0, 'not before it is copied');
        }
        await b.frameCount(3);
        check(`${told}` === '0,1,2', `once for each frame, in order: ${told}`);
        const isKept = b.frames.every((frame, index) => frame.every((byte) => byte === index + 1));
        check(isKept, 'what changes afterwards is not sent');
      }),
  },
  {
    name: 'holds back what the transport does not take, and drains',
    run: (fixture) =>
      withEnds(fixture, async (a, b) => {
        const block = new Uint8Array(4 * MIB);
        for (let index = 0; index < 16; index++) a.link.send([block], Priority.push);
        check(a.link.queuedBytes >= 64 * MIB, 'what was sent is queued');
        // The flush is a microtask: afterwards the transport's window is full and the rest still waits.
        await Promise.resolve();
        await Promise.resolve();
        check(a.link.queuedBytes >= 48 * MIB, `at most a window is handed over at once: ${a.link.queuedBytes} left`);
        let least = a.link.queuedBytes;
        b.onEachFrame = () => {
          b.note(a.link.queuedBytes <= least, 'the queue only shrinks');
          least = a.link.queuedBytes;
        };
        await b.frameCount(16);
        check(a.link.queuedBytes === 0, 'the queue is empty in the end');
      }),
  },
  {
    name: 'closes with a reason when too much waits',
    run: (fixture) =>
      withEnds(fixture, async (a, b) => {
        const block = new Uint8Array(64 * MIB);
        for (let sent = 0; sent <= MAX_LINK_QUEUE_BYTES; sent += block.byteLength) a.link.send([block], Priority.bulk);
        await a.closed();
        check(/too slow/.test(a.reasons[0] ?? ''), `the reason says so: ${a.reasons[0]}`);
        check(a.link.queuedBytes === 0, 'what waited is let go');
        await b.closed();
      }),
  },
  {
    name: 'closes once at both ends, and nothing follows',
    run: (fixture) =>
      withEnds(fixture, async (a, b) => {
        a.link.send([patterned(0, 10)], Priority.push);
        await b.frameCount(1);
        a.link.close('enough');
        check(a.reasons[0] === 'enough', 'the closing end hears its own reason, at once');
        a.link.close('again');
        a.link.send([patterned(1, 10)], Priority.push);
        check(a.link.queuedBytes === 0, 'a closed link queues nothing');
        b.link.send([patterned(2, 10)], Priority.push);
        await b.closed();
        b.link.send([patterned(3, 10)], Priority.push);
        b.link.close('again');
        check(a.frames.length === 0 && b.frames.length === 1, 'no frame after the close');
      }),
  },
  {
    name: 'closed at both ends at once, tells each of its own close only',
    run: (fixture) =>
      withEnds(fixture, async (a, b) => {
        a.link.close('from a');
        b.link.close('from b');
        // Whatever is on its way is past once another link of this kind has made a round trip.
        await checkSizes(fixture, [100]);
        check(a.reasons.join() === 'from a' && b.reasons.join() === 'from b', `${a.reasons} and ${b.reasons}`);
      }),
  },
  {
    name: 'can be closed while a frame is handled',
    run: (fixture) =>
      withEnds(fixture, async (a, b) => {
        b.onEachFrame = () => b.link.close('one is enough');
        for (let index = 0; index < 50; index++) a.link.send([patterned(index, 20)], Priority.push);
        await Promise.all([a.closed(), b.closed()]);
        check(b.frames.length === 1, 'nothing arrives after the close');
      }),
  },
  {
    name: 'refuses a frame that no receiver takes',
    run: (fixture) =>
      withEnds(fixture, async (a) => {
        const block = new Uint8Array(64 * MIB);
        let name = '';
        try {
          a.link.send([block, block, block, block, block], Priority.bulk);
        } catch (error) {
          name = error instanceof Error ? error.name : '';
        }
        check(name === 'FrameTooLarge', 'send throws FrameTooLarge');
        check(a.reasons.length === 0 && a.link.queuedBytes === 0, 'and the link goes on');
      }),
  },
  {
    name: 'closes with a reason on garbage',
    run: async (fixture) => {
      for (const { what, data, reason } of fixture.garbage) {
        await withEnds(fixture, async (_a, b, pair) => {
          pair.inject(data);
          await b.closed();
          check(reason.test(b.reasons[0] ?? ''), `the reason for ${what} says ${reason}: ${b.reasons[0]}`);
          check(b.frames.length === 0, `${what} is no frame`);
        });
      }
    },
  },
];
