import { nearestOf, UsageError } from '../arguments.js';
import { type Command, defineCommand } from '../command.js';
import { EXIT } from '../exit.js';
import { print } from '../terminal.js';

/** `webserv help SUBCOMMAND` is `webserv SUBCOMMAND --help`. */
export function help(find: (name: string) => Command | undefined, names: () => readonly string[]): Command {
  return defineCommand({
    name: 'help',
    summary: 'prints help for webserv or a subcommand',
    usage: ['[SUBCOMMAND]'],
    options: {},
    positionals: 1,
    async run(_values, [name = '']) {
      const command = find(name);
      if (command === undefined) {
        const meant = nearestOf(name, names());
        const hint =
          meant === undefined ? `the subcommands are ${names().join(', ')}` : `did you mean "${meant}"?`;
        throw new UsageError(`unknown subcommand "${name}"`, hint);
      }
      print(command.help);
      return EXIT.ok;
    },
  });
}
