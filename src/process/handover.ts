import type { InheritedSocket } from './inherited-socket.js';

/** State that a new master gets, in its environment, from the master it replaces. */
export interface Handover {
  /** Process id of the previous master. If that is not this process's parent, the handover is not for this process. */
  readonly from: number;
  /** Sockets from a service manager, with their descriptors in this process. */
  readonly inherited: readonly InheritedSocket[];
  /** Sockets that the previous master bound. */
  readonly bound: readonly HandedSocket[];
}

/** A listening socket that the master bound. */
export interface HandedSocket {
  readonly descriptor: number;
  /** Key of the socket in {@link Sockets}. */
  readonly key: string;
  /** Path of the socket file; undefined for a TCP socket. */
  readonly path: string | undefined;
}

const VARIABLE = 'WEBSERV_HANDOVER';

export function environmentFor(handover: Handover): NodeJS.ProcessEnv {
  return { [VARIABLE]: JSON.stringify(handover) };
}

/**
 * Sender and receiver are both this package, possibly in different versions.
 * @returns undefined when this process does not take over from another master
 */
export function takeHandover(environment: NodeJS.ProcessEnv): Handover | undefined {
  const text = environment[VARIABLE];
  delete environment[VARIABLE];
  if (text === undefined) return undefined;
  try {
    const handover: Handover = JSON.parse(text);
    return handover.from === process.ppid ? handover : undefined;
  } catch {
    return undefined;
  }
}

/** Messages from the new master to the one it replaces. */
export type FromSuccessor =
  /** Its workers serve. */
  | { readonly type: 'taken over' }
  /** It cannot serve. `report` gives the reason, for people. */
  | { readonly type: 'refused'; readonly report: string };

export function isFromSuccessor(message: unknown): message is FromSuccessor {
  if (typeof message !== 'object' || message === null || !('type' in message)) return false;
  return message.type === 'taken over' || message.type === 'refused';
}
