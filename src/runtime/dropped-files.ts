// The files that a person dropped, as they were, beside the blocks that they became: so that after a reload of the tab they can
// still be read with corrections. In the trainer worker.
import { z } from 'zod';
import type { LoadSettings } from '../data/file-format.ts';
import type { BlockExchange } from './block-exchange.ts';

/** Larger ones are dropped again: they would take the room, and the time to be written, of data. Held whole meanwhile. */
export const MAX_DROPPED_BYTES = 32 * 1024 * 1024;

/** Names beside a dataset's blocks: all files in a row, and what is known of them. */
const FILES = 'dropped-files';
const NOTES = 'dropped-notes';

const kindSchema = z.enum(['number', 'category', 'ignored']);
const delimiterSchema = z.string().min(1).max(2);

const notesSchema = z.object({
  files: z.array(z.object({ name: z.string(), bytes: z.int().min(0) })),
  settings: z.object({
    skipBadRows: z.boolean(),
    table: z.object({
      delimiter: delimiterSchema.nullable(),
      target: z.string().nullable(),
      kinds: z.record(z.string(), kindSchema),
    }),
    imageSide: z.int().nullable(),
    column: z.string().nullable(),
  }),
  table: z
    .object({
      delimiter: delimiterSchema,
      target: z.string(),
      columns: z.array(
        z.object({ name: z.string(), kind: kindSchema, missing: z.int(), distinct: z.int().nullable() }),
      ),
    })
    .nullable(),
  columns: z.object({ names: z.array(z.string()), chosen: z.string().nullable() }).nullable(),
  skippedRows: z.int().min(0),
});

/** What reading files came to beyond their rows: only who reads them learns it. */
export type ReadNotes = Pick<z.infer<typeof notesSchema>, 'table' | 'columns' | 'skippedRows'>;

/** Files, what they were read with, and what that came to. */
export interface DroppedFiles {
  readonly files: readonly File[];
  readonly settings: LoadSettings;
  readonly notes: ReadNotes;
}

/** Keeps small files beside the dataset that they became; where there is no room for them they are dropped again one day. */
export async function keepDropped(exchange: BlockExchange, manifest: string, dropped: DroppedFiles): Promise<void> {
  const { settings, notes } = dropped;
  const files = dropped.files.map(({ name, size }) => ({ name, bytes: size }));
  if (files.reduce((sum, { bytes }) => sum + bytes, 0) > MAX_DROPPED_BYTES) return;
  const bytes = new Uint8Array(await new Blob([...dropped.files]).arrayBuffer());
  const text = JSON.stringify({ files, settings, ...notes } satisfies z.input<typeof notesSchema>);
  await exchange.keepBeside(manifest, { [FILES]: bytes, [NOTES]: new TextEncoder().encode(text) });
}

/** Null where nothing was kept, or not all of it. */
export async function findDropped(exchange: BlockExchange, manifest: string): Promise<DroppedFiles | null> {
  const [bytes, text] = [await exchange.readBeside(manifest, FILES), await exchange.readBeside(manifest, NOTES)];
  const parsed = notesSchema.safeParse(parseJson(text));
  if (bytes === null || !parsed.success) return null;
  const { files, settings, ...notes } = parsed.data;
  let at = 0;
  const cut = files.map(({ name, bytes: size }) => {
    at += size;
    return new File([bytes.slice(at - size, at)], name);
  });
  return at === bytes.byteLength ? { files: cut, settings, notes } : null;
}

function parseJson(bytes: Uint8Array | null): unknown {
  try {
    return bytes === null ? null : JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
