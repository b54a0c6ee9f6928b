// A room's address: id and secret live in the URL's fragment, which browsers never send to a server.
import { hashBlock } from '../data/blocks.ts';

export interface RoomAddress {
  readonly room: string;
  readonly secret: string;
}

const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';

const randomName = (length: number, random: () => number): string =>
  Array.from({ length }, () => ALPHABET[Math.floor(random() * ALPHABET.length)]).join('');

/** A room that nobody can guess: 8 characters to name it, 20 (100 bits) to keep it. */
export const newRoom = (random: () => number): RoomAddress => ({
  room: randomName(8, random),
  secret: randomName(20, random),
});

/** The room that a fragment names, or null where it names none. */
export function parseFragment(fragment: string): RoomAddress | null {
  const fields = new URLSearchParams(fragment.replace(/^#/, ''));
  const [room, secret] = [fields.get('room'), fields.get('secret')];
  return room && secret ? { room, secret } : null;
}

export const formatFragment = ({ room, secret }: RoomAddress): string => `#room=${room}&secret=${secret}`;

/** The link that others open. */
export function roomLink(pageUrl: string, address: RoomAddress): string {
  const url = new URL(pageUrl);
  url.hash = formatFragment(address);
  return url.toString();
}

/** Name of the room in this browser's storage: another secret is another room, and neither can be read from it. */
export const roomKey = ({ room, secret }: RoomAddress): string =>
  hashBlock(new TextEncoder().encode(JSON.stringify([room, secret])));
