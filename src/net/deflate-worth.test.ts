import { expect, it } from 'vitest';
import { MAX_PACKED_FRAME_BYTES } from '../protocol/limits.ts';
import { DeflateWorth } from './deflate-worth.ts';

const FRAME = 16_384;

/** Bytes a millisecond: a phone's network, a house's, and one machine's. */
const [PHONE, HOUSE, MACHINE] = [250, 6_000, 30_000];

const triedOf = (worth: DeflateWorth, bytesPerMs: number | null, frames: number): number =>
  Array.from({ length: frames }, () => worth.isTried('filteredPush', FRAME, bytesPerMs)).filter(Boolean).length;

it('where bytes are slow every coded frame is tried, where they are fast none is, but now and then', () => {
  expect(triedOf(new DeflateWorth(), PHONE, 60)).toBe(60);
  expect(triedOf(new DeflateWorth(), MACHINE, 63)).toBe(0);
  expect(triedOf(new DeflateWorth(), null, 63)).toBe(0);
  // Also where many leave before the first of them is deflated, and anything noted.
  expect(triedOf(new DeflateWorth(), MACHINE, 200)).toBe(3);
});

it('what it saved and what that cost decide: counts are worth it where 8-bit values are not', () => {
  const worth = new DeflateWorth();
  // At 25 MB/s, and 1.6 times that for both ends: a tenth pays under 1.56 MB/s, four fifths under 12.5.
  expect(worth.isTried('filteredAnswer', FRAME, 1_500)).toBe(true);
  expect(worth.isTried('filteredAnswer', FRAME, 1_700)).toBe(false);
  for (let i = 0; i < 50; i++) worth.note('filteredAnswer', FRAME, FRAME / 5, FRAME / 25_000);
  expect(worth.isTried('filteredAnswer', FRAME, HOUSE)).toBe(true);
  expect(worth.isTried('filteredAnswer', FRAME, 13_000)).toBe(false);
  expect(worth.isTried('filteredPush', FRAME, HOUSE)).toBe(false);
  // One that took long, as the thread had something else to do, says little; a core that always has, much.
  worth.note('filteredAnswer', FRAME, FRAME / 5, FRAME / 500);
  expect(worth.isTried('filteredAnswer', FRAME, HOUSE)).toBe(true);
  for (let i = 0; i < 200; i++) worth.note('filteredAnswer', FRAME, FRAME / 5, FRAME / 5_000);
  expect(worth.isTried('filteredAnswer', FRAME, HOUSE)).toBe(false);
});

it('what gets no smaller is left alone, but for a look now and then', () => {
  const worth = new DeflateWorth();
  for (let i = 0; i < 50; i++) worth.note('filteredPush', FRAME, FRAME + 5, FRAME / 25_000);
  expect(triedOf(worth, PHONE, 63)).toBe(0);
  expect(triedOf(worth, PHONE, 1)).toBe(1);
});

it('plain frames, small ones, too large ones, and what is no frame of ours are never tried', () => {
  const worth = new DeflateWorth();
  for (let i = 0; i < 200; i++) {
    expect(worth.isTried('push', FRAME, PHONE)).toBe(false);
    expect(worth.isTried('filteredPush', 255, PHONE)).toBe(false);
    expect(worth.isTried('blockAnswer', MAX_PACKED_FRAME_BYTES + 1, PHONE)).toBe(false);
    expect(worth.isTried(null, FRAME, PHONE)).toBe(false);
  }
});
