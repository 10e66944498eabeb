import { nearestOf, UsageError } from '../arguments.js';
import { type Command, defineCommand } from '../command.js';
import { EXIT } from '../exit.js';
import { print } from '../terminal.js';

/** `webserv help SUBCOMMAND` is `webserv SUBCOMMAND --help`. */
export function help(find: (name: string) => Command | undefined, names: () => readonly string[]): Command {
  return defineCommand({
    name: 'help',
    summary: 'explains webserv, or one of its subcommands',
    usage: ['[SUBCOMMAND]'],
    options: {},
    positionals: 1,
    async run(_values, [name = '']) {
      const command = find(name);
      if (command === undefined) {
        const meant = nearestOf(name, names());
        const hint = meant === undefined ? `there are ${names().join(', ')}` : `did you mean "${meant}"?`;
        throw new UsageError(`there is no subcommand "${name}"`, hint);
      }
      print(command.help);
      return EXIT.ok;
    },
  });
}
