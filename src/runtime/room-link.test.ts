import { describe, expect, it } from 'vitest';
import { fromPageSchema } from '../protocol/signaling.ts';
import { Random } from '../random.ts';
import { formatFragment, newRoom, parseFragment, roomLink } from './room-link.ts';

const random = (seed: number) => {
  const source = new Random(seed);
  return () => source.unit();
};

describe('a new room', () => {
  it('has a name of 8 characters and a secret of 20, 5 bits each, that can be read aloud', () => {
    const { room, secret } = newRoom(random(1));
    expect(room).toMatch(/^[a-km-np-z2-9]{8}$/);
    expect(secret).toMatch(/^[a-km-np-z2-9]{20}$/);
    expect(newRoom(random(2))).not.toEqual(newRoom(random(1)));
  });

  it('uses the whole alphabet, its ends too', () => {
    const seen = new Set(Array.from({ length: 100 }, (_, seed) => newRoom(random(seed)).secret).join(''));
    expect(seen.size).toBe(32);
    expect(newRoom(() => 0).room).toBe('aaaaaaaa');
    expect(newRoom(() => 1 - 2 ** -53).room).toBe('99999999');
  });

  it('is one that the signaling server takes', () => {
    for (let seed = 0; seed < 50; seed++) {
      const hello = { kind: 'hello', version: 1, ...newRoom(random(seed)) };
      expect(fromPageSchema.safeParse(hello).success).toBe(true);
    }
  });
});

describe('a link to a room', () => {
  it('has the room in its fragment only, which is never sent', () => {
    const link = roomLink('http://10.0.0.2:8080/train/?x=1#old', { room: 'abcd', secret: 'efgh2345' });
    expect(link).toBe('http://10.0.0.2:8080/train/?x=1#room=abcd&secret=efgh2345');
  });

  it('comes back as it went', () => {
    for (let seed = 0; seed < 50; seed++) {
      const address = newRoom(random(seed));
      expect(parseFragment(formatFragment(address))).toEqual(address);
      expect(parseFragment(new URL(roomLink('https://example.org/', address)).hash)).toEqual(address);
    }
  });

  it.each(['', '#', '#room=abcd', '#secret=efgh', '#room=&secret=', '#other', '#room=abcd&secret='])(
    'without room or secret names none: %j',
    (fragment) => {
      expect(parseFragment(fragment)).toBeNull();
    },
  );

  it('is read with or without the hash sign, and whatever else is there', () => {
    expect(parseFragment('room=abcd&secret=efgh&role=worker')).toEqual({ room: 'abcd', secret: 'efgh' });
  });
});
