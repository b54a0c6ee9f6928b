// One room: who is in it, in which order, who schedules and under which term. Pure: it says what to send to whom.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FromPage, FromServer } from '../src/protocol/signaling.ts';
import { MAX_DEPARTED, RESTORE_GAP, RESTORE_GRACE_MS } from './limits.ts';

/** A socket as the core knows it: a number that the server hands out. */
export type SocketId = number;

/** What a node says about itself on coming back. */
export type Resume = NonNullable<Extract<FromPage, { kind: 'hello' }>['resume']>;

export interface Member {
  readonly node: number;
  readonly token: string;
  socket: SocketId;
}

export type Send = (socket: SocketId, message: FromServer) => void;

/** How a node came in. `replaced` are sockets that are still open and count no more: its own earlier one, or strangers'. */
export interface Admission {
  readonly member: Member;
  readonly replaced: readonly SocketId[];
}

const MAX_U32 = 0xffff_ffff;
const digest = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** Compares in constant time. */
export const isSameSecret = (left: string, right: string): boolean => timingSafeEqual(digest(left), digest(right));

/** Node ids are given in join order and never again; a term is given to one scheduler and never again. */
export class Room {
  private readonly members = new Map<number, Member>();
  /** Cut off without a word; their token lets them come back as who they were. Oldest departure first. */
  private readonly departed = new Map<number, string>();
  private nextNode = 1;
  /** Of the nodes that have been here. */
  private newest = 0;
  /** Names this room among all that had its name. */
  private life: string;
  /** Ids below it, given by this server's predecessor, may be claimed by whoever comes first. */
  private claimableBelow = 1;
  private term = 0;
  private scheduler: number | null = null;
  private termStep = 1;
  /** Until then the scheduler of before a restart is waited for; null when none is. */
  private graceUntil: number | null = null;
  /** When the last member went; null while there are members. */
  emptySince: number | null;

  constructor(
    private readonly secret: string,
    private readonly send: Send,
    private readonly randomToken: () => string,
    now: number,
    /** Until then a room of before a restart may come back to this one. */
    private readonly restorableUntil: number,
  ) {
    this.emptySince = now;
    this.life = randomToken();
  }

  get size(): number {
    return this.members.size;
  }

  isSecret(secret: string): boolean {
    return isSameSecret(this.secret, secret);
  }

  /** Goes on where a server before this one stopped, as far as the first node to come back knows. */
  restore(resume: Resume, now: number): void {
    if (!isPlausible(resume)) return;
    this.life = resume.life;
    this.newest = Math.max(resume.node, resume.newest);
    this.claimableBelow = this.newest + RESTORE_GAP;
    this.nextNode = this.claimableBelow;
    this.termStep = RESTORE_GAP;
    this.term = resume.term;
    this.scheduler = resume.scheduler;
    this.graceUntil = now + RESTORE_GRACE_MS;
  }

  /** Everybody here must begin anew. @returns their sockets */
  private expelAll(): SocketId[] {
    const all = [...this.members.values()];
    this.members.clear();
    this.departed.clear();
    return all.map(({ socket }) => socket);
  }

  /** Lets a node in and tells everyone. Null when the room is full. */
  admit(
    socket: SocketId,
    resume: Resume | undefined,
    maxNodes: number,
    lanUrls: string[],
    now: number,
  ): Admission | null {
    const earlier = resume && this.members.get(resume.node);
    if (resume && earlier?.token === resume.token) {
      const replaced = [earlier.socket];
      earlier.socket = socket;
      this.welcome(earlier, lanUrls);
      return { member: earlier, replaced };
    }
    let replaced: SocketId[] = [];
    if (resume && this.isOutranked(resume, now)) {
      replaced = this.expelAll();
      this.restore(resume, now);
    }
    if (this.members.size >= maxNodes || this.nextNode > MAX_U32) return null;
    const member = this.seat(socket, resume);
    this.emptySince = null;
    if (this.scheduler === null) this.elect();
    this.welcome(member, lanUrls);
    this.broadcast({ kind: 'joined', node: member.node }, member.node);
    return { member, replaced };
  }

  /** Takes a node out and tells everyone; the next oldest schedules if it did. */
  remove(member: Member, reason: 'leave' | 'closed', now: number): void {
    this.members.delete(member.node);
    if (reason === 'closed') this.rememberDeparted(member);
    this.broadcast({ kind: 'left', node: member.node, reason }, member.node);
    if (this.size === 0) this.emptySince = now;
    if (this.scheduler !== member.node) return;
    // After a restart nobody may be back yet but this one: who comes in meanwhile knows nothing of the room.
    if (this.size === 0 && this.graceUntil !== null) return;
    this.scheduler = null;
    if (this.size > 0) this.reelect();
  }

  /** The socket of another member. */
  socketOf(node: number): SocketId | undefined {
    return this.members.get(node)?.socket;
  }

  /** Ends the waiting for a scheduler that did not come back after a restart. */
  tick(now: number): void {
    if (this.graceUntil === null || now < this.graceUntil) return;
    this.graceUntil = null;
    if (this.scheduler !== null && !this.members.has(this.scheduler)) {
      this.scheduler = null;
      if (this.size > 0) this.reelect();
    }
  }

  private seat(socket: SocketId, resume: Resume | undefined): Member {
    const isBack = resume !== undefined && this.isClaim(resume);
    const member = isBack
      ? { node: resume.node, token: resume.token, socket }
      : { node: this.nextNode++, token: this.randomToken(), socket };
    this.newest = Math.max(this.newest, member.node);
    this.departed.delete(member.node);
    this.members.set(member.node, member);
    if (isBack) this.learnTerm(resume);
    return member;
  }

  /**
   * Soon after a restart two rooms of one name may meet: that of before, and one of strangers who came first, maybe to a
   * server between. The one with the later term goes on, then the one with more nodes so far; it is strangers who have
   * nothing to lose yet.
   */
  private isOutranked(resume: Resume, now: number): boolean {
    if (resume.life === this.life || now >= this.restorableUntil || !isPlausible(resume)) return false;
    const lead = resume.term - this.term || resume.newest - this.newest;
    return this.claimableBelow === 1 ? lead >= 0 : lead > 0;
  }

  private isClaim(resume: Resume): boolean {
    if (this.members.has(resume.node) || resume.life !== this.life) return false;
    const token = this.departed.get(resume.node);
    if (token !== undefined) return isSameSecret(token, resume.token);
    return resume.node < this.claimableBelow && isPlausible(resume);
  }

  /** While a restarted server waits, the newest term that anyone brings, and its scheduler, count. */
  private learnTerm(resume: Resume): void {
    if (this.graceUntil === null || resume.term <= this.term) return;
    this.term = resume.term;
    this.scheduler = resume.scheduler;
    this.broadcast({ kind: 'term', scheduler: resume.scheduler, term: resume.term }, resume.node);
  }

  /** The oldest live node, under a term that nobody had. A scheduler stays one until it goes: fewer changes. */
  private elect(): void {
    this.scheduler = Math.min(...this.members.keys());
    this.term = Math.min(MAX_U32, this.term + this.termStep);
    this.termStep = 1;
    this.graceUntil = null;
  }

  private reelect(): void {
    this.elect();
    if (this.scheduler !== null) this.broadcast({ kind: 'term', scheduler: this.scheduler, term: this.term });
  }

  private rememberDeparted(member: Member): void {
    this.departed.set(member.node, member.token);
    for (const node of this.departed.keys()) {
      if (this.departed.size <= MAX_DEPARTED) break;
      this.departed.delete(node);
    }
  }

  private welcome(member: Member, lanUrls: string[]): void {
    const { node, token } = member;
    const members = [...this.members.keys()].filter((other) => other !== node).sort((a, b) => a - b);
    const scheduler = this.scheduler ?? node;
    this.send(member.socket, {
      kind: 'welcome',
      node,
      token,
      life: this.life,
      members,
      scheduler,
      term: this.term,
      lanUrls,
    });
  }

  private broadcast(message: FromServer, except?: number): void {
    for (const member of this.members.values()) if (member.node !== except) this.send(member.socket, message);
  }
}

/** Leaves ids and terms to hand out. Claims near the end of u32 are lies. */
const isPlausible = ({ node, newest, term }: Resume): boolean =>
  Math.max(node, newest, term) < MAX_U32 - 1_000 * RESTORE_GAP;
