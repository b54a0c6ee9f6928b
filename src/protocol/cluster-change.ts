// What has changed between two states of the room, so that a change costs what it changes and not what there is: a room of
// many nodes has long lists, and every node must hear of every change. Lists travel as edits of the list before.
import { z } from 'zod';
import { clusterSchema } from './cluster.ts';
import { MAX_PLACEMENTS } from './limits.ts';
import { rolePolicySchema } from './ratio.ts';
import { epochSchema, u32 } from './schema-fields.ts';

/** Which state: no two states of a room have the same term and revision. */
export const stateVersionSchema = z.object({ term: u32, revision: u32 });

/** From the start of the old list on: so many items are kept, so many (negative) left out, these put in; and so on to its end. */
const editSchema = <Item extends z.ZodType>(item: Item) => z.array(z.union([z.number().int(), z.array(item)]));

const { map, leases, holders, shutOut, sidelined, privacy } = clusterSchema.shape;

export const clusterChangeSchema = z.object({
  kind: z.literal('change'),
  term: u32,
  revision: u32,
  /** The state that it changes: who has another can't use it. */
  base: stateVersionSchema,
  fields: clusterSchema
    .pick({
      scheduler: true,
      phase: true,
      lostIn: true,
      message: true,
      plan: true,
      schedule: true,
      clockLimit: true,
      checkpoint: true,
      backups: true,
    })
    .partial()
    .strict(),
  epoch: epochSchema.optional(),
  run: u32.optional(),
  isPrivate: z.boolean().optional(),
  /** Null takes them away. */
  roles: rolePolicySchema.nullable().optional(),
  lists: z
    .object({
      servers: editSchema(map.shape.servers.element),
      workers: editSchema(map.shape.workers.element),
      placements: editSchema(map.shape.placements.element),
      leases: editSchema(leases.element),
      holders: editSchema(holders.element),
      shutOut: editSchema(shutOut.element),
      sidelined: editSchema(sidelined.element),
      offers: editSchema(privacy.shape.offers.element),
    })
    .partial()
    .strict(),
});

type State = z.infer<typeof clusterSchema>;
export type StateVersion = z.infer<typeof stateVersionSchema>;
export type ClusterChange = z.infer<typeof clusterChangeSchema>;
export type ListEdit<Item> = (number | Item[])[];

/** A change of another state than the one at hand. */
export class UnfitChange extends Error {
  override name = 'UnfitChange';
}

const isSame = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

/** What makes `next` of `base`. */
export function changeOf(base: State, next: State): ClusterChange {
  const { scheduler, phase, lostIn, message, plan, schedule, clockLimit, checkpoint, backups } = next;
  const fields = { scheduler, phase, lostIn, message, plan, schedule, clockLimit, checkpoint, backups };
  const names = Object.keys(fields) as (keyof typeof fields)[];
  const { isPrivate } = next.privacy;
  return {
    kind: 'change',
    term: next.term,
    revision: next.revision,
    base: { term: base.term, revision: base.revision },
    fields: Object.fromEntries(
      names.flatMap((name) => (isSame(base[name], fields[name]) ? [] : [[name, fields[name]]])),
    ),
    ...(isSame(base.map.epoch, next.map.epoch) ? {} : { epoch: next.map.epoch }),
    ...(base.map.run === next.map.run ? {} : { run: next.map.run }),
    ...(base.privacy.isPrivate === isPrivate ? {} : { isPrivate }),
    ...(isSame(base.roles, next.roles) ? {} : { roles: next.roles ?? null }),
    lists: {
      ...listChange('servers', base.map.servers, next.map.servers),
      ...listChange('workers', base.map.workers, next.map.workers),
      ...listChange('placements', base.map.placements, next.map.placements),
      ...listChange('leases', base.leases, next.leases),
      ...listChange('holders', base.holders, next.holders),
      ...listChange('shutOut', base.shutOut, next.shutOut),
      ...listChange('sidelined', base.sidelined, next.sidelined),
      ...listChange('offers', base.privacy.offers, next.privacy.offers),
    },
  };
}

/** The state that a change makes of the one it was made for. @throws UnfitChange where `base` is not that one */
export function applyChange(base: State, change: ClusterChange): State {
  const { term, revision, fields, epoch, run, isPrivate, roles, lists } = change;
  if (change.base.term !== base.term || change.base.revision !== base.revision) {
    throw new UnfitChange(`a change of state ${change.base.term}.${change.base.revision}, not of this one`);
  }
  const { roles: before, ...others } = base;
  const policy = roles === undefined ? before : roles;
  return {
    ...others,
    ...(policy == null ? {} : { roles: policy }),
    // What JSON can't say is not there: a field that is absent has not changed.
    ...(Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as typeof fields),
    ...{ term, revision },
    map: {
      epoch: epoch ?? base.map.epoch,
      run: run ?? base.map.run,
      servers: edited(base.map.servers, lists.servers),
      placements: edited(base.map.placements, lists.placements),
      workers: edited(base.map.workers, lists.workers),
    },
    leases: edited(base.leases, lists.leases),
    holders: edited(base.holders, lists.holders),
    shutOut: edited(base.shutOut, lists.shutOut),
    sidelined: edited(base.sidelined, lists.sidelined),
    privacy: {
      isPrivate: isPrivate ?? base.privacy.isPrivate,
      offers: edited(base.privacy.offers, lists.offers),
    },
  } as State;
}

/** The edit under its name, or nothing where the lists are the same. */
function listChange<Name extends string, Item>(
  name: Name,
  old: readonly Item[],
  next: readonly Item[],
): Partial<Record<Name, ListEdit<Item>>> {
  const edit = old === next ? null : editOf(old, next);
  return edit === null ? {} : ({ [name]: edit } as Partial<Record<Name, ListEdit<Item>>>);
}

/**
 * The edit that makes `next` of `old`; null where they are the same. Lists as long as each other are compared by place
 * (segments) and by member (nodes that came and went), others by member only: linear in time, if not always the shortest.
 */
export function editOf<Item>(old: readonly Item[], next: readonly Item[]): ListEdit<Item> | null {
  const before = old.map((item) => JSON.stringify(item));
  const after = next.map((item) => JSON.stringify(item));
  if (before.length === after.length && before.every((text, at) => text === after[at])) return null;
  const byMember = editByMember(before, after, next);
  if (before.length !== after.length) return byMember.end();
  const byPlace = new EditWriter<Item>();
  for (const [at, item] of next.entries()) {
    if (before[at] === after[at]) byPlace.keep();
    else byPlace.drop().insert(item);
  }
  return byPlace.inserted < byMember.inserted ? byPlace.end() : byMember.end();
}

/** Leaves out what comes no more, and keeps the others as long as they come in the same order. */
function editByMember<Item>(before: readonly string[], after: readonly string[], next: readonly Item[]) {
  const wanted = new Map<string, number>();
  for (const text of after) wanted.set(text, (wanted.get(text) ?? 0) + 1);
  const writer = new EditWriter<Item>();
  let at = 0;
  for (const [place, item] of next.entries()) {
    const text = after[place] ?? '';
    for (; at < before.length && (wanted.get(before[at] ?? '') ?? 0) === 0; at++) writer.drop();
    wanted.set(text, (wanted.get(text) ?? 0) - 1);
    if (before[at] === text) {
      writer.keep();
      at++;
    } else writer.insert(item);
  }
  for (; at < before.length; at++) writer.drop();
  return writer;
}

/** Writes an edit item by item; of what lies between two items that are kept, what is left out comes first. */
class EditWriter<Item> {
  inserted = 0;
  private readonly edit: ListEdit<Item> = [];
  private kept = 0;
  private dropped = 0;
  private items: Item[] = [];

  keep(): this {
    if (this.dropped > 0) this.edit.push(-this.dropped);
    if (this.items.length > 0) this.edit.push(this.items);
    [this.dropped, this.items] = [0, []];
    this.kept++;
    return this;
  }

  drop(): this {
    this.flushKept();
    this.dropped++;
    return this;
  }

  insert(item: Item): this {
    this.flushKept();
    this.items.push(item);
    this.inserted++;
    return this;
  }

  end(): ListEdit<Item> {
    this.keep();
    this.kept--;
    this.flushKept();
    return this.edit;
  }

  private flushKept(): void {
    if (this.kept > 0) this.edit.push(this.kept);
    this.kept = 0;
  }
}

/** @throws UnfitChange where the edit is not one of this list */
export function edited<Item>(old: Item[], edit: ListEdit<Item> | undefined): Item[] {
  if (edit === undefined) return old;
  const next: Item[] = [];
  let at = 0;
  for (const step of edit) {
    if (typeof step === 'number') {
      if (step > 0) next.push(...old.slice(at, at + step));
      at += Math.abs(step);
    } else next.push(...step);
  }
  if (at !== old.length) throw new UnfitChange(`an edit of a list of ${at} items, not of ${old.length}`);
  // No list of a room is longer than that of its segments; a change must not make one grow for ever.
  if (next.length > MAX_PLACEMENTS) throw new UnfitChange(`a list of ${next.length} items; at most ${MAX_PLACEMENTS}`);
  return next;
}
