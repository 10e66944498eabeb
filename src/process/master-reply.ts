import { type FromMaster, isFromMaster } from './messages.js';

/**
 * Asks the master, and waits for its reply.
 * @param ask sends the question; a reply cannot come before anything listens
 * @param read the reply's content; undefined for any other message
 */
export function replyOfMaster<Reply>(
  ask: () => void,
  read: (message: FromMaster, handle: unknown) => Reply | undefined,
): Promise<Reply> {
  return new Promise((resolve) => {
    const take = (message: unknown, handle: unknown): void => {
      const reply = isFromMaster(message) ? read(message, handle) : undefined;
      if (reply === undefined) return;
      process.off('message', take);
      resolve(reply);
    };
    process.on('message', take);
    ask();
  });
}
