// A question to the live parameters, asked again whenever they have moved on: one at a time, and not more often than a
// panel needs. What comes back is parsed: it was computed elsewhere.
import { useEffect, useState } from 'react';
import type { ZodType } from 'zod';
import { useCommands, useViewStore } from '../../store/use-view.ts';

/** Between an answer and the next question: nobody reads faster. */
const PAUSE_MS = 1_000;
/** Answers are computed in the thread that trains, and every tab asks: they may take a tenth of its time, no more. */
const PAUSES_PER_ANSWER = 9;

/** Milliseconds to wait after an answer that took so long. */
export const pauseAfter = (ms: number): number => Math.max(PAUSE_MS, PAUSES_PER_ANSWER * ms);

export interface Look<Answer> {
  readonly answer: Answer | null;
  /** Why there is no newer answer, in a sentence. */
  readonly error: string | null;
}

const NOTHING_YET = { answer: null, error: null };

/**
 * The newest answer to `request`; an answer to an older request is never shown.
 * @param request plain data, or null to ask nothing
 * @param schema must be the same object at every call
 */
export function useLook<Answer>(request: unknown, schema: ZodType<Answer>): Look<Answer> {
  const commands = useCommands();
  const store = useViewStore();
  const question = request === null ? null : JSON.stringify(request);
  const [look, setLook] = useState<Look<Answer> & { readonly question: string | null }>({
    ...NOTHING_YET,
    question: null,
  });

  useEffect(() => {
    if (question === null) return;
    let state: 'ready' | 'busy' | 'busy and outdated' | 'closed' = 'ready';
    let timer = 0;
    const ask = async () => {
      if (state !== 'ready') {
        if (state === 'busy') state = 'busy and outdated';
        return;
      }
      state = 'busy';
      const start = performance.now();
      const found = await answerTo(commands.look(JSON.parse(question)), schema);
      if (isClosed()) return;
      setLook((before) => ({ ...keepAnswer(before, question, found), question }));
      timer = window.setTimeout(
        () => {
          const isOutdated = state === 'busy and outdated';
          state = 'ready';
          if (isOutdated) void ask();
        },
        pauseAfter(performance.now() - start),
      );
    };
    const isClosed = () => state === 'closed';
    void ask();
    const unsubscribe = store.subscribe((now, before) => {
      if (now.series.version !== before.series.version && !document.hidden) void ask();
    });
    return () => {
      state = 'closed';
      clearTimeout(timer);
      unsubscribe();
    };
  }, [commands, store, question, schema]);

  return look.question === question ? look : NOTHING_YET;
}

async function answerTo<Answer>(asked: Promise<unknown>, schema: ZodType<Answer>): Promise<Look<Answer>> {
  try {
    return { answer: schema.parse(await asked), error: null };
  } catch (error) {
    return { answer: null, error: error instanceof Error ? error.message : String(error) };
  }
}

/** A question that fails once (a server was just lost) leaves the last answer in sight. */
function keepAnswer<Answer>(
  before: Look<Answer> & { readonly question: string | null },
  question: string,
  found: Look<Answer>,
): Look<Answer> {
  return found.answer === null && before.question === question ? { answer: before.answer, error: found.error } : found;
}
