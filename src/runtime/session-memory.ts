// What a tab remembers of its own data while it is loaded again: a few words in the browser's session storage, for each room.
import { z } from 'zod';
import type { KeptData } from './own-data.ts';

const schema = z.object({
  manifest: z.string().regex(/^[0-9a-f]{64}$/),
  owner: z.string().min(1).max(100),
  job: z.string().min(1).max(100),
});

export interface SessionMemory {
  /** Null where there is nothing, or nothing that can be read. */
  kept(): KeptData | null;
  /** Null forgets. */
  keep(data: KeptData | null): void;
}

/** @param room its key */
export function sessionMemory(room: string): SessionMemory {
  const key = `pushpull data ${room}`;
  return {
    kept: () => {
      const parsed = schema.safeParse(parseJson(sessionStorage.getItem(key)));
      return parsed.success ? parsed.data : null;
    },
    keep: (data) => {
      if (data === null) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, JSON.stringify(data));
    },
  };
}

function parseJson(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
