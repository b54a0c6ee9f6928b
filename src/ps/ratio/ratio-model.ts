// What a clock would take with other numbers of workers and servers: a bottleneck model of the room, with one unknown, the
// processor time that a byte on a link costs, solved from the clock that is measured now.
//
// Operational analysis (Denning and Buzen 1978, "The operational analysis of queueing network models", section 5; Lazowska
// et al. 1984, "Quantitative system performance", chapter 5): a round takes no less than the demand at any of its resources.
// Resources are the cores of each machine, the threads of each tab, and the one worker's way through its round:
//
//   compute  = max over machines  w(B/n) · max(1, workers there / cores there),  w(samples) = fixed + rate · samples
//   exchange = max over machines and tabs  (κ · bytes there + serving there) / cores or threads there
//   BSP:       clock = compute + exchange + round trip           (nothing overlaps)
//   otherwise: clock = max(w(B/n), exchange, (computing + exchange's demand) / cores of each machine)
//
// Tabs of one machine share its cores, so there more workers don't compute faster; a tab that does both moves the part of its
// bytes that it owns itself without a link.
import type { ClockFigures, Machine, Ratio } from '../../protocol/ratio.ts';

/** What was measured, and where. */
export interface Basis {
  readonly ratio: Ratio;
  readonly figures: ClockFigures;
  /** Of each tab that takes part, oldest first. */
  readonly machines: readonly Machine[];
  /** Pulls and pushes of other clocks are under way while one is computed: any bound over 0. */
  readonly overlaps: boolean;
  /** Copies of each parameter besides the owner's, as wished. */
  readonly replicas: number;
  /** Of one clock, over all workers. */
  readonly samples: number;
  /** Milliseconds of a gradient however few its samples: parameters in, gradients out. 0 while that isn't known. */
  readonly fixedMs: number;
}

/**
 * Where computing hides the exchange, the clock says only that a byte costs no more than so much. Then it is taken to cost what
 * it did on the machine that this was written on: two cores carried 44 MB/s.
 */
export const USUAL_MS_PER_BYTE = (2 * 1000) / 44e6;

/** A clock that is longer than its computing by less than this is bound by computing. */
const HIDDEN = 1.15;

/** Threads that a tab's exchange can keep busy: its links and its shard. */
const TAB_THREADS = 2;

/** Every ratio that a chart shows: servers that work as well, and servers that only serve. */
export function ratiosOf(tabs: number): Ratio[] {
  const ratios: Ratio[] = [];
  for (let servers = 1; servers <= tabs; servers++) {
    if (servers < tabs) ratios.push({ workers: tabs - servers, servers });
    ratios.push({ workers: tabs, servers });
  }
  return ratios;
}

/** Samples per second of a ratio; those of the measured one are what was measured. */
export const predictRate = (basis: Basis, ratio: Ratio): number =>
  (1000 * basis.samples) / predictClockMs(basis, ratio);

/** Milliseconds of one clock under a ratio. */
export function predictClockMs(basis: Basis, ratio: Ratio): number {
  const { overlaps, figures } = basis;
  const layout = layoutOf(basis, ratio);
  const sampleMs = aloneMs(basis);
  const computeMs = shareMs(basis, ratio, sampleMs);
  const resources = resourcesOf(basis, ratio, layout);
  const perByte = msPerByte(basis, sampleMs);
  const exchangeMs = Math.max(
    ...resources.map((resource) => (perByte * resource.bytes + resource.serveMs) / resource.threads),
  );
  if (!overlaps) return computeMs * crowding(layout) + exchangeMs + figures.roundTripMs;
  const shared = layout.machines.map(({ cores, workers }, at) => {
    const { bytes = 0, serveMs = 0 } = resources[at] ?? {};
    return (workers * computeMs + perByte * bytes + serveMs) / cores;
  });
  return Math.max(computeMs, exchangeMs, ...shared);
}

/** Tabs by role on every machine. */
interface Layout {
  readonly machines: readonly {
    readonly cores: number;
    readonly workers: number;
    readonly servers: number;
    readonly both: number;
  }[];
}

/** The first tabs serve, the last work: as `assignRoles` has it in a room that nothing has happened in. */
function layoutOf({ machines }: Basis, { workers, servers }: Ratio): Layout {
  const groups = new Map<string, { cores: number; workers: number; servers: number; both: number }>();
  machines.forEach(({ id, cores }, at) => {
    const group = groups.get(id) ?? { cores, workers: 0, servers: 0, both: 0 };
    const serves = at < servers;
    const works = at >= machines.length - workers;
    if (serves) group.servers++;
    if (works) group.workers++;
    if (serves && works) group.both++;
    groups.set(id, group);
  });
  return { machines: [...groups.values()] };
}

/** How many times longer a computation takes where most workers share their cores. */
const crowding = ({ machines }: Layout): number =>
  Math.max(1, ...machines.map(({ cores, workers }) => workers / cores));

/**
 * A gradient of the measured share of a batch on a core of its own: the mean of those that had to share it, or the quickest, which
 * had it to itself, where links and shards of the other tabs took their part of it as well.
 */
const aloneMs = (basis: Basis): number =>
  Math.min(basis.figures.leastMs, basis.figures.computeMs / crowding(layoutOf(basis, basis.ratio)));

/** The same of the share that each of `workers` would have: what is not fixed in proportion to its samples. */
function shareMs({ ratio, fixedMs }: Basis, { workers }: Ratio, sampleMs: number): number {
  const fixed = Math.min(fixedMs, sampleMs);
  return fixed + ((sampleMs - fixed) * ratio.workers) / workers;
}

/**
 * The part of a gradient that doesn't depend on its samples: where the least-squares line through what was measured with
 * different numbers of workers meets no samples. 0 with only one number.
 */
export function fixedPart(bases: readonly Basis[]): number {
  if (bases.length === 0) return 0;
  const points = bases.map((basis) => ({ share: 1 / basis.ratio.workers, ms: aloneMs(basis) }));
  const mean = (of: (point: { share: number; ms: number }) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [share, ms] = [mean((point) => point.share), mean((point) => point.ms)];
  const spread = mean((point) => (point.share - share) ** 2);
  if (spread === 0) return 0;
  const slope = mean((point) => (point.share - share) * (point.ms - ms)) / spread;
  return Math.max(0, ms - Math.max(0, slope) * share);
}

/** Cores of a machine, or threads of a tab, and what an exchange asks of them. */
interface Resource {
  readonly bytes: number;
  readonly serveMs: number;
  readonly threads: number;
}

/** Machines first, in the layout's order, then a tab of each kind. */
function resourcesOf({ figures, ratio, replicas, overlaps }: Basis, wanted: Ratio, { machines }: Layout): Resource[] {
  const { workers, servers } = wanted;
  const copies = Math.min(replicas, servers - 1);
  const serveMs = (figures.serveMs * workers) / ratio.workers / servers;
  // Each end of a link pays half. A worker's bytes, and what a server sends to those that keep its copies.
  const ofWorker = (isServer: boolean) => (figures.bytes / 2) * (isServer ? 1 - 1 / servers : 1);
  const updates = (overlaps ? workers : 1) * (figures.bytes / 2) * (copies / servers);
  const ofServer = (isWorker: boolean) => ((figures.bytes / 2) * (workers - (isWorker ? 1 : 0))) / servers + updates;
  const ofMachines = machines.map((machine) => ({
    bytes:
      machine.both * (ofWorker(true) + ofServer(true)) +
      (machine.workers - machine.both) * ofWorker(false) +
      (machine.servers - machine.both) * ofServer(false),
    serveMs: serveMs * machine.servers,
    threads: machine.cores,
  }));
  const hasBoth = machines.some(({ both }) => both > 0);
  const server = { bytes: ofServer(hasBoth) + (hasBoth ? ofWorker(true) : 0), serveMs, threads: TAB_THREADS };
  const hasWorker = machines.some(({ workers, both }) => workers > both);
  const worker = { bytes: hasWorker ? ofWorker(false) : 0, serveMs: 0, threads: TAB_THREADS };
  return [...ofMachines, server, worker];
}

/** The unknown: what the measured exchange leaves for a byte at the resource that is first to be full. */
function msPerByte(basis: Basis, sampleMs: number): number {
  const { figures, ratio, overlaps } = basis;
  const layout = layoutOf(basis, ratio);
  const computeMs = shareMs(basis, ratio, sampleMs);
  const resources = resourcesOf(basis, ratio, layout);
  const exchangeMs = overlaps
    ? figures.clockMs
    : Math.max(0, figures.clockMs - computeMs * crowding(layout) - figures.roundTripMs);
  const left = resources.map(({ bytes, serveMs, threads }, at) => {
    const computing = overlaps ? computeMs * (layout.machines[at]?.workers ?? 0) : 0;
    return bytes === 0 ? Number.POSITIVE_INFINITY : (exchangeMs * threads - serveMs - computing) / bytes;
  });
  const least = Math.min(...left);
  const most = Number.isFinite(least) ? Math.max(0, least) : 0;
  const isHidden = overlaps && figures.clockMs <= HIDDEN * computeMs * crowding(layout);
  return isHidden ? Math.min(most, USUAL_MS_PER_BYTE) : most;
}
