/** Words that `-s` accepts, with their signals. */
export const signals: Readonly<Record<string, NodeJS.Signals>> = {
  reload: 'SIGHUP',
  stop: 'SIGTERM',
  quit: 'SIGQUIT',
  reopen: 'SIGUSR1',
  upgrade: 'SIGUSR2',
};

export const signalWords = Object.keys(signals).join('|');
