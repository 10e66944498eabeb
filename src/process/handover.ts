import type { InheritedSocket } from './inherited-socket.js';

/** What a new master gets from the one it takes over from, in its environment. */
export interface Handover {
  /** The process id of that one. Where it is not this process's parent, this is not for this process. */
  readonly from: number;
  /** Sockets of a service manager, with the numbers they have in this process. */
  readonly inherited: readonly InheritedSocket[];
  /** Sockets that that master has bound itself. */
  readonly bound: readonly HandedSocket[];
}

/** A listening socket that its master has bound. */
export interface HandedSocket {
  readonly descriptor: number;
  /** What it is held as; see Sockets. */
  readonly key: string;
  /** The path of a socket file. */
  readonly path: string | undefined;
}

const VARIABLE = 'WEBSERV_HANDOVER';

export function environmentFor(handover: Handover): NodeJS.ProcessEnv {
  return { [VARIABLE]: JSON.stringify(handover) };
}

/** Both ends are this package, if not the same version of it. @returns undefined where this process takes over from nobody */
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

/** What the new master says to the one it takes over from. */
export type FromSuccessor =
  /** Its workers serve. */
  | { readonly type: 'taken over' }
  /** It cannot serve; why, for people. */
  | { readonly type: 'refused'; readonly report: string };

export function isFromSuccessor(message: unknown): message is FromSuccessor {
  if (typeof message !== 'object' || message === null || !('type' in message)) return false;
  return message.type === 'taken over' || message.type === 'refused';
}
