import { describe, expect, test } from 'vitest';
import {
  type ClockFigures,
  chooseExchange,
  type Exchange,
  explainExchange,
  PLAIN,
  type Prediction,
  predict,
} from './choose.ts';

/** A cluster as it would measure itself: 2 MB of f32 an exchange over links of so many MB/s, after so much computation. */
interface Cluster {
  readonly computeMs: number;
  readonly megabytesPerSecond: number;
  readonly workers?: number;
  readonly hasFreeSteps?: boolean;
}

const RAW_BYTES = 2e6;

const clockMs = ({ codec, localSteps }: Exchange, { computeMs, megabytesPerSecond }: Cluster): number =>
  computeMs + ((RAW_BYTES * codec.share) / 1e3 / megabytesPerSecond + 2 * codec.msPerMegabyte) / localSteps;

const figuresOf = (option: Exchange, cluster: Cluster): ClockFigures => ({
  computeMs: cluster.computeMs,
  clockMs: clockMs(option, cluster),
  rawBytes: RAW_BYTES,
  roundTripMs: 0,
});

/** Chooses, measures what came of it, and goes on until nothing changes. */
function settle(cluster: Cluster, from = PLAIN): { exchange: Exchange; changes: number } {
  const { workers = 2, hasFreeSteps = true } = cluster;
  const tried = new Map<Exchange, number>();
  let exchange = from;
  for (let changes = 0; changes < 10; changes++) {
    tried.set(exchange, clockMs(exchange, cluster));
    const next = chooseExchange(exchange, predict(exchange, figuresOf(exchange, cluster), tried), {
      ...{ workers, hasFreeSteps },
      hasTraffic: true,
    });
    if (next === exchange) return { exchange, changes };
    exchange = next;
  }
  throw new Error('it never settles');
}

const nameOf = ({ codec, localSteps }: Exchange): string => `${codec.push?.codec ?? 'f32'} × ${localSteps}`;

test('where moving parameters takes 2 % of the time, nothing is rounded', () => {
  expect(nameOf(settle({ computeMs: 1_000, megabytesPerSecond: 80 }).exchange)).toBe('f32 × 1');
});

test('where they move faster than they could be coded, coding would only cost', () => {
  expect(nameOf(settle({ computeMs: 5, megabytesPerSecond: 10_000, hasFreeSteps: false }).exchange)).toBe('f32 × 1');
});

test('the least loss that is about as fast as the fastest: 8 bits take 34 ms beside 1,200', () => {
  expect(nameOf(settle({ computeMs: 1_200, megabytesPerSecond: 20 }).exchange)).toBe('int8 × 1');
});

test('a cap is believed where a short window has shown less: 2 MB at 1 MB a second are a second each way', () => {
  const figures = { computeMs: 100, clockMs: 110, rawBytes: 2e6, roundTripMs: 0 };
  const rare: Exchange = { ...PLAIN, localSteps: 4 };
  const clockOf = (bytesPerMs?: number) =>
    predict(PLAIN, { ...figures, ...(bytesPerMs === undefined ? {} : { bytesPerMs }) }).clockMs(rare);
  expect(clockOf()).toBeCloseTo(102.5);
  expect(clockOf(1_000)).toBeCloseTo(350);
});

test('where even 8 bits take longer than the computation, exchanges get rare', () => {
  expect(nameOf(settle({ computeMs: 5, megabytesPerSecond: 20 }).exchange)).toBe('int8 × 16');
});

test('where local steps were asked for only the codec is chosen', () => {
  expect(nameOf(settle({ computeMs: 5, megabytesPerSecond: 1, hasFreeSteps: false }).exchange)).toBe('int8 × 1');
});

test('one worker alone loses nothing by local steps: before it rounds, it takes those', () => {
  expect(nameOf(settle({ computeMs: 100, megabytesPerSecond: 80, workers: 1 }).exchange)).toBe('f32 × 8');
});

test('where nothing leaves the tab there is nothing to code: local steps only', () => {
  const clockMs = ({ codec, localSteps }: Exchange) => 5 + (100 * codec.share) / localSteps;
  const choose = (hasTraffic: boolean) =>
    nameOf(chooseExchange(PLAIN, { aloneMs: 5, clockMs }, { workers: 2, hasFreeSteps: true, hasTraffic }));
  expect([choose(true), choose(false)]).toEqual(['int8 × 16', 'f32 × 16']);
});

test('what was tried counts, not what was expected of it', () => {
  const cluster = { computeMs: 100, megabytesPerSecond: 20 };
  const expected = predict(PLAIN, figuresOf(PLAIN, cluster));
  const situation = { workers: 2, hasFreeSteps: false, hasTraffic: true };
  const first = chooseExchange(PLAIN, expected, situation);
  expect(nameOf(first)).toBe('int8 × 1');
  // It turned out slower than plain values.
  const tried = new Map([
    [PLAIN, 200],
    [first, 250],
  ]);
  const after = predict(first, { ...figuresOf(first, cluster), clockMs: 250 }, tried);
  expect(chooseExchange(first, after, situation)).not.toBe(first);
});

describe('for any links and computation', () => {
  const clusters = [0.5, 5, 50, 500].flatMap((computeMs) =>
    [0.1, 1, 10, 40, 200, 1_000].flatMap((megabytesPerSecond) =>
      [1, 3].flatMap((workers) =>
        [true, false].map((hasFreeSteps) => ({ computeMs, megabytesPerSecond, workers, hasFreeSteps })),
      ),
    ),
  );

  test.each(clusters)('%o: not slower than f32 by 2 %, and 90 % of the best there is, in a few changes', (cluster) => {
    const { exchange, changes } = settle(cluster);
    const all: Exchange[] = [];
    chooseExchange(
      PLAIN,
      {
        aloneMs: 1,
        clockMs: (option) => {
          all.push(option);
          return 1;
        },
      },
      { workers: cluster.workers, hasFreeSteps: cluster.hasFreeSteps, hasTraffic: true },
    );
    const best = Math.min(...all.map((option) => clockMs(option, cluster)));
    expect(clockMs(exchange, cluster)).toBeLessThanOrEqual(1.02 * clockMs(PLAIN, cluster));
    expect(clockMs(exchange, cluster)).toBeLessThanOrEqual(best / 0.9);
    expect(changes).toBeLessThanOrEqual(2);
  });

  test.each(clusters)('%o: it settles also from the other end, say when a link got faster', (cluster) => {
    const far = settle({ ...cluster, computeMs: 0.5, megabytesPerSecond: 0.1 }).exchange;
    const { exchange } = settle(cluster, far);
    expect(clockMs(exchange, cluster)).toBeLessThanOrEqual(1.04 * clockMs(settle(cluster).exchange, cluster));
  });
});

describe('where the workers leave no core free', () => {
  /** All of the exchange is hidden behind computing, which it slows down by so much. */
  const crowded = (slowingMs: number) => (option: Exchange) => ({
    clockMs: 100 + (slowingMs * option.codec.share) / option.localSteps,
    crowding: 1,
  });

  function settleCrowded(slowingMs: number): { name: string; changes: number } {
    const tried = new Map<Exchange, number>();
    let exchange = PLAIN;
    for (let changes = 0; changes < 10; changes++) {
      const { clockMs, crowding } = crowded(slowingMs)(exchange);
      tried.set(exchange, clockMs);
      const figures = { computeMs: clockMs, clockMs, rawBytes: RAW_BYTES, roundTripMs: 0, crowding };
      const next = chooseExchange(exchange, predict(exchange, figures, tried), {
        ...{ workers: 2, hasTraffic: true },
        hasFreeSteps: true,
      });
      if (next === exchange) return { name: nameOf(exchange), changes };
      exchange = next;
    }
    throw new Error('it never settles');
  }

  test('an exchange that computing hides is made smaller and rarer all the same', () => {
    expect(settleCrowded(90).name).toBe('int8 × 8');
  });

  test('what turns out to bring nothing is taken back, after a look', () => {
    expect(settleCrowded(0)).toEqual({ name: 'f32 × 1', changes: 2 });
  });
});

test('the sentence says what, and what it would be without', () => {
  const of = (clockMs: number): Prediction => ({ aloneMs: 1, clockMs: () => clockMs });
  expect(explainExchange(PLAIN, of(1.04))).toBe(
    '32-bit values after every step: moving parameters takes only 4 % of the time.',
  );
  const { exchange } = settle({ computeMs: 5, megabytesPerSecond: 20 });
  expect(explainExchange(exchange, of(20))).toBe(
    '8-bit values exchanged every 16 steps: as 32-bit values after every step, moving parameters would take 95 % of the time.',
  );
  // Rounds that were asked for: only the codec was chosen.
  expect(explainExchange({ ...exchange, localSteps: 1 }, of(20), 8)).toBe(
    '8-bit values exchanged every 8 steps: as 32-bit values, moving parameters would take 95 % of the time.',
  );
  expect(explainExchange(PLAIN, of(1.04), 8)).toBe(
    '32-bit values exchanged every 8 steps: moving parameters takes only 4 % of the time.',
  );
});
