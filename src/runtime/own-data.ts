// What a tab's own user chose to learn from: reads files, keeps what they became over a reload of the tab, and knows when it
// may travel. In the trainer worker.
import { decodeBlock, hashBlock } from '../data/blocks.ts';
import { BadRows } from '../data/data-file.ts';
import type { Manifest } from '../data/dataset.ts';
import type { LoadSettings } from '../data/file-format.ts';
import { BadImages } from '../data/image-set.ts';
import { encodeManifest } from '../data/manifest.ts';
import { findJob } from '../jobs/registry.ts';
import type { ClusterState, DataPlan } from '../protocol/control.ts';
import { type BlockExchange, hashesOf } from './block-exchange.ts';
import { Cancelled, loadFiles, type OnProgress } from './data-files.ts';
import { type DatasetSummary, describeDataset } from './dataset-summary.ts';
import { findDropped, keepDropped } from './dropped-files.ts';
import { splitsOf } from './private-data.ts';
import { tableView } from './table-preview.ts';

/** What a tab has read, for when it is loaded again. */
export interface KeptData {
  /** The manifest's hash. */
  readonly manifest: string;
  /** A name that only one tab can have. */
  readonly owner: string;
  /** What it was read for. */
  readonly job: string;
}

/** What became of files. */
export type LoadOutcome =
  | { readonly kind: 'loaded'; readonly summary: DatasetSummary; readonly kept: KeptData }
  /** Some rows, or pictures, can't be read: they may be left out. */
  | { readonly kind: 'bad-rows'; readonly rows: number; readonly isPictures: boolean; readonly sentence: string }
  | { readonly kind: 'cancelled' };

/** A tab that is just being reloaded lets go of its data within this; another tab doesn't. */
const OWNER_WAIT_MS = 2_000;

export class OwnData {
  private own: { readonly hash: string; readonly manifest: Manifest } | null = null;
  private reading = new AbortController();
  /** Readings under way: blocks of theirs are held, and no manifest names them yet. */
  private readings = 0;
  private letGo: () => void = () => undefined;

  /** @param onNew is called when there are other data than before */
  constructor(
    private readonly exchange: BlockExchange,
    private readonly cluster: () => ClusterState | null,
    private readonly onNew: () => void,
  ) {}

  get manifest(): Manifest | null {
    return this.own?.manifest ?? null;
  }

  /** Reads dropped files into blocks. @throws BadDataFile, DataTooLarge, DamagedFile with a sentence for the user */
  async load(
    files: readonly File[],
    job: string,
    settings: LoadSettings,
    onProgress: OnProgress,
  ): Promise<LoadOutcome> {
    this.cancel();
    const { signal } = this.reading;
    try {
      const { dataKind, isStream = false } = findJob(job);
      const loaded = await this.whileReading(() =>
        loadFiles(files, dataKind, { ...settings, isStream }, this.exchange, onProgress, signal),
      );
      const owner = `${hashBlock(encodeManifest(loaded.manifest)).slice(0, 16)}-${Math.random().toString(36).slice(2)}`;
      const kept = { manifest: this.adopt(loaded.manifest), owner, job };
      await this.claim(owner);
      const { meta, plan, first, manifest, schema, columns, skippedRows } = loaded;
      const notes = {
        table: schema && tableView(schema),
        columns: columns ? { ...columns, names: [...columns.names] } : null,
        skippedRows,
      };
      const dropped = { files, settings, notes };
      await keepDropped(this.exchange, kept.manifest, dropped);
      const summary = describeDataset(meta, plan, first, { manifest, dropped });
      return { kind: 'loaded', summary, kept };
    } catch (error) {
      const sentence = error instanceof Error ? error.message : String(error);
      if (error instanceof Cancelled) return { kind: 'cancelled' };
      if (error instanceof BadRows) return { kind: 'bad-rows', rows: error.rows, isPictures: false, sentence };
      if (error instanceof BadImages) return { kind: 'bad-rows', rows: error.images, isPictures: true, sentence };
      throw error;
    }
  }

  /** Stops reading. */
  cancel(): void {
    this.reading.abort();
    this.reading = new AbortController();
  }

  /** What this tab had before it was loaded again; null where it isn't there any more, or another tab has it. */
  async restore({ manifest: hash, owner }: KeptData): Promise<DatasetSummary | null> {
    if (!(await this.claim(owner))) return null;
    const found = await this.whileReading(async () => {
      const manifest = await this.exchange.openOwn(hash);
      const [first] = manifest?.blocks.train ?? [];
      return manifest === null || first === undefined
        ? null
        : { manifest, block: decodeBlock(await this.exchange.own(first.hash)) };
    });
    if (found === null) return null;
    const { manifest, block } = found;
    this.adopt(manifest);
    const { meta } = manifest;
    const plan = { name: meta.name, ...splitsOf(manifest), source: { kind: 'blocks', manifest: hash } } as const;
    const dropped = await findDropped(this.exchange, hash);
    return describeDataset(meta, plan, block, { manifest, dropped });
  }

  /** A tab that was made as a copy of another has heard of the other's data too. @returns whether they are this tab's */
  private async claim(owner: string): Promise<boolean> {
    this.letGo();
    // Over plain HTTP nothing is kept anyway.
    if (!('locks' in navigator)) return true;
    return new Promise((resolve) => {
      const hold = () => {
        resolve(true);
        return new Promise<void>((release) => {
          this.letGo = release;
        });
      };
      const signal = AbortSignal.timeout(OWNER_WAIT_MS);
      navigator.locks.request(`data-owner/${owner}`, { signal }, hold).catch(() => resolve(false));
    });
  }

  private async whileReading<T>(work: () => Promise<T>): Promise<T> {
    this.readings++;
    try {
      return await work();
    } finally {
      this.readings--;
    }
  }

  /**
   * Keeps this tab's own data and those of the current run, and forgets the rest; not while files are read, whose blocks would be
   * among it: the next time will do.
   */
  forgetOthers(): void {
    if (this.readings > 0) return;
    const own = this.own === null ? [] : hashesOf(this.own.hash, this.own.manifest);
    this.exchange.keepData(new Set([...this.runHashes(), ...own]));
  }

  /** Without the list of its blocks none of them is here. */
  private runHashes(): string[] {
    const source = this.cluster()?.plan?.data.source;
    const manifest = source?.kind === 'blocks' ? this.exchange.opened(source.manifest) : null;
    return source?.kind !== 'blocks' || manifest === null ? [] : hashesOf(source.manifest, manifest);
  }

  /** Its user starts a run in which this tab's data travel. */
  publish({ source }: DataPlan): void {
    if (source.kind === 'blocks' && source.manifest === this.own?.hash) this.exchange.publish(source.manifest);
  }

  /** What was read last is this tab's own; what was read before is forgotten. @returns the manifest's hash */
  private adopt(manifest: Manifest): string {
    const hash = hashBlock(encodeManifest(manifest));
    this.own = { manifest, hash };
    this.forgetOthers();
    this.onNew();
    return hash;
  }
}
