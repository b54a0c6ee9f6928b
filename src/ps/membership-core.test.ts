import { describe, expect, it } from 'vitest';
import { nodeId } from '../protocol/ids.ts';
import {
  HEARD_TIMEOUT_MS,
  MembershipCore,
  PROBE_TIMEOUT_MS,
  RECONNECT_TIMEOUT_MS,
  SILENCE_TIMEOUT_MS,
} from './membership-core.ts';

const A = nodeId(1);
const B = nodeId(2);
const hello = (node = A) => ({ kind: 'hello', node, label: 'Firefox on Linux', role: 'auto' }) as const;
const closed = (node = A) => ({ kind: 'left', node, reason: 'closed' }) as const;
const disconnected = (node = A) => ({ kind: 'disconnected', node }) as const;
const heard = (node = A) => ({ kind: 'heard', node }) as const;
const tick = { kind: 'tick' } as const;
const probe = (node = A) => [{ kind: 'probe', node }];
const gone = (reason: string, node = A) => [{ kind: 'gone', node, reason }];

/** Ticks four times a second, as an awake tab does, and at `until` itself. @returns what followed, in order */
function ticks(membership: MembershipCore, from: number, until: number) {
  const effects = [];
  for (let now = from; now < until; now += 250) effects.push(...membership.step(tick, now));
  return [...effects, ...membership.step(tick, until)];
}

/** Membership in which A said hello at time 0. */
function withA(): MembershipCore {
  const membership = new MembershipCore();
  membership.step(hello(), 0);
  return membership;
}

describe('membership', () => {
  it('takes in who says hello, with label and role', () => {
    expect(new MembershipCore().step(hello(), 0)).toEqual([
      { kind: 'up', node: A, label: 'Firefox on Linux', role: 'auto' },
    ]);
  });

  it('lets go of who says farewell, at once and once', () => {
    const membership = withA();
    expect(membership.step({ kind: 'left', node: A, reason: 'leave' }, 5)).toEqual(gone('left'));
    expect(membership.step({ kind: 'left', node: A, reason: 'leave' }, 6)).toEqual([]);
    expect(membership.step(tick, 60_000)).toEqual([]);
  });

  it.each([
    ['a closed socket', closed(), PROBE_TIMEOUT_MS],
    ['a broken connection, which may be rebuilt', disconnected(), RECONNECT_TIMEOUT_MS],
  ])('asks before it believes %s', (_, sign, timeoutMs) => {
    const membership = withA();
    expect(membership.step(sign, 100)).toEqual(probe());
    expect(ticks(membership, 100, 100 + timeoutMs - 1)).toEqual([]);
    expect(membership.step(tick, 100 + timeoutMs)).toEqual(gone('was closed'));
    expect(membership.step(tick, 100 + timeoutMs)).toEqual([]);
  });

  it('keeps a node that answers the probe, for as long as it is heard', () => {
    const membership = withA();
    membership.step(closed(), 100);
    membership.step({ ...heard(), answers: 100 }, 100 + PROBE_TIMEOUT_MS - 1);
    expect(ticks(membership, 300, 100 + HEARD_TIMEOUT_MS + PROBE_TIMEOUT_MS)).toEqual([]);
  });

  it.each([
    ['what was on its way when the tab crashed', heard()],
    ['the answer to an earlier ping', { ...heard(), answers: 99 }],
  ])('takes %s for no answer to the probe, but waits a while longer', (_, sign) => {
    const membership = withA();
    membership.step(closed(), 100);
    membership.step(sign, 150);
    expect(membership.step(tick, 150 + HEARD_TIMEOUT_MS - 1)).toEqual([]);
    expect(membership.step(tick, 150 + HEARD_TIMEOUT_MS)).toEqual(gone('was closed'));
  });

  it('lets no later sign put off what an earlier one began', () => {
    const membership = withA();
    membership.step(closed(), 100);
    expect(membership.step(disconnected(), 150)).toEqual(probe());
    expect(membership.step(closed(), 250)).toEqual(probe());
    expect(membership.step(tick, 100 + PROBE_TIMEOUT_MS)).toEqual(gone('was closed'));
  });

  it('waits less for a broken connection once the socket is closed too', () => {
    const membership = withA();
    membership.step(disconnected(), 100);
    membership.step(closed(), 500);
    expect(membership.step(tick, 500 + PROBE_TIMEOUT_MS)).toEqual(gone('was closed'));
  });

  it('finds a node that fell silent, without any other sign', () => {
    const membership = withA();
    membership.step(heard(), 1_000);
    expect(ticks(membership, 1_000, 1_000 + SILENCE_TIMEOUT_MS - 1)).toEqual([]);
    expect(membership.step(tick, 1_000 + SILENCE_TIMEOUT_MS)).toEqual(gone('fell silent'));
  });

  it("holds nobody's silence against them but that of who is watched", () => {
    const membership = withA();
    membership.step(hello(B), 0);
    const late = SILENCE_TIMEOUT_MS;
    for (let now = 250; now < late; now += 250) membership.step(tick, now);
    expect(membership.step({ ...tick, watched: null }, late)).toEqual([]);
    expect(membership.step({ ...tick, watched: B }, late)).toEqual(gone('fell silent', B));
    membership.step({ kind: 'expected', node: A }, late);
    expect(ticks(membership, late, 2 * late - 1)).toEqual([]);
    expect(membership.step(tick, 2 * late)).toEqual(gone('fell silent', A));
  });

  it('judges each node by itself', () => {
    const membership = withA();
    membership.step(hello(B), 0);
    membership.step(closed(B), 10);
    expect(membership.step(tick, 10 + PROBE_TIMEOUT_MS)).toEqual(gone('was closed', B));
    expect(ticks(membership, 250, 5_000)).toEqual([]);
    membership.step(hello(B), 5_000);
    expect(ticks(membership, 5_000, SILENCE_TIMEOUT_MS)).toEqual(gone('fell silent', A));
  });

  it('counts time that it has slept through itself against nobody', () => {
    const membership = withA();
    membership.step(hello(B), 10);
    membership.step(disconnected(B), 100);
    const thawed = 60_000;
    expect(membership.step(tick, thawed)).toEqual([]);
    expect(ticks(membership, thawed, thawed + RECONNECT_TIMEOUT_MS - 1)).toEqual([]);
    expect(membership.step(tick, thawed + RECONNECT_TIMEOUT_MS)).toEqual(gone('was closed', B));
    const since = thawed + RECONNECT_TIMEOUT_MS;
    // A had been silent for 100 ms when this tab fell asleep.
    expect(ticks(membership, since, thawed + SILENCE_TIMEOUT_MS - 101)).toEqual([]);
    expect(membership.step(tick, thawed + SILENCE_TIMEOUT_MS - 100)).toEqual(gone('fell silent', A));
  });

  it('takes in again who says hello again, and forgets what spoke against it', () => {
    const membership = withA();
    membership.step(closed(), 10);
    expect(membership.step(hello(), 20)).toMatchObject([{ kind: 'up' }]);
    expect(membership.step(tick, 20 + PROBE_TIMEOUT_MS)).toEqual([]);
    membership.step({ kind: 'left', node: A, reason: 'leave' }, 500);
    expect(membership.step(hello(), 600)).toMatchObject([{ kind: 'up' }]);
    expect(membership.step(tick, 700)).toEqual([]);
  });

  it('asks nothing of strangers and learns nothing from them', () => {
    const membership = withA();
    for (const event of [closed(B), heard(B), disconnected(B)]) {
      expect(membership.step(event, 1)).toEqual([]);
    }
    expect(membership.step(tick, RECONNECT_TIMEOUT_MS + 1)).toEqual([]);
  });
});
