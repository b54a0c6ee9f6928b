import { expect, test } from 'vitest';
import { machineOf } from './machine.ts';

function storage() {
  const kept = new Map<string, string>();
  return () => ({
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  });
}

const CORES = { hardwareConcurrency: 8 };

test('tabs that came over the loopback interface are on one machine, whatever their browser', () => {
  for (const hostname of ['localhost', '127.0.0.1', '[::1]']) {
    expect(machineOf({ hostname }, CORES, storage(), Math.random)).toEqual({ id: 'loopback', cores: 8 });
  }
});

test('elsewhere tabs of one browser share a machine, and others have one of their own', () => {
  const [here, there] = [storage(), storage()];
  const first = machineOf({ hostname: 'room.example' }, CORES, here, () => 0.1);
  expect(machineOf({ hostname: 'room.example' }, CORES, here, () => 0.2)).toEqual(first);
  expect(machineOf({ hostname: 'room.example' }, CORES, there, () => 0.3).id).not.toBe(first.id);
});

test('a browser without storage is a machine by itself', () => {
  const forbidden = () => {
    throw new DOMException('The operation is insecure.', 'SecurityError');
  };
  expect(machineOf({ hostname: 'room.example' }, { hardwareConcurrency: 0 }, forbidden, () => 0.5)).toMatchObject({
    cores: 4,
  });
});
