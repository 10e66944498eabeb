import { fileURLToPath } from 'node:url';
import {
  type ClassElement,
  type FunctionLikeDeclaration,
  ModifierFlags,
  type Node,
  type TypeElement,
} from 'typescript/unstable/ast';
import {
  isArrowFunction,
  isClassDeclaration,
  isConstructorDeclaration,
  isFunctionDeclaration,
  isGetAccessorDeclaration,
  isInterfaceDeclaration,
  isMethodDeclaration,
  isMethodSignatureDeclaration,
  isPropertyDeclaration,
  isPropertySignatureDeclaration,
  isTypeAliasDeclaration,
  isVariableDeclaration,
} from 'typescript/unstable/ast/is';
import {
  API,
  type Checker,
  type Symbol as CompilerSymbol,
  type Project,
  SymbolFlags,
} from 'typescript/unstable/sync';

/** Reads what the package exports, with its doc comments, by the compiler's own API. */

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Comment {
  /** Paragraphs as written; empty without a doc comment. */
  readonly text: string;
  /** `@throws`, `@returns`, `@param` with their texts, in their order. */
  readonly tags: readonly { readonly name: string; readonly text: string }[];
}

export interface Member extends Comment {
  readonly name: string;
  /** In one line: `open(path: FilePath): Promise<Lookup>`. */
  readonly signature: string;
}

export type Kind = 'interface' | 'class' | 'type' | 'function' | 'const';

export interface Export extends Comment {
  readonly name: string;
  readonly kind: Kind;
  /** Where it is declared, from the repository's root. */
  readonly file: string;
  /** As TypeScript; of an interface or a class only its head. */
  readonly signature: string;
  readonly members: readonly Member[];
}

/** Returns the exports of each entry, in the order of their names. Private and `@internal` members are left out. */
export function publicApi(entries: readonly string[]): readonly (readonly Export[])[] {
  const api = new API({ cwd: root });
  try {
    const snapshot = api.updateSnapshot({ openProjects: [`${root}tsconfig.build.json`] });
    const project = snapshot.getProject(`${root}tsconfig.build.json`);
    if (project === undefined) throw new Error('expected tsconfig.build.json to be a project');
    return entries.map((entry) => exportsOf(project, entry));
  } finally {
    api.close();
  }
}

function exportsOf(project: Project, entry: string): readonly Export[] {
  const { checker, program } = project;
  const source = program.getSourceFile(root + entry);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`expected ${entry} to be a module of tsconfig.build.json`);
  return checker
    .getExportsOfModule(module)
    .map((symbol) => {
      const isReExport = (symbol.flags & SymbolFlags.Alias) !== 0;
      return exportOf(checker, isReExport ? checker.getAliasedSymbol(symbol) : symbol);
    })
    .filter((each) => !isInternal(each))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

function declarationOf({ name, declarations }: CompilerSymbol): Node {
  const declaration = declarations[0]?.resolve();
  if (declaration === undefined) throw new Error(`expected a declaration of ${name}`);
  return declaration;
}

function exportOf(checker: Checker, symbol: CompilerSymbol): Export {
  const declaration = declarationOf(symbol);
  const file = declaration.getSourceFile().fileName.slice(root.length);
  const base = { name: symbol.name, file, ...commentOf(checker, symbol) };
  if (isInterfaceDeclaration(declaration) || isClassDeclaration(declaration)) {
    const kind = isClassDeclaration(declaration) ? 'class' : 'interface';
    const [head = ''] = declaration.getText().split(/ \{\n| \{\}/, 1);
    const members = [...declaration.members]
      .filter(isPublic)
      .map((member) => memberOf(checker, member))
      .filter((member) => !isInternal(member));
    return { ...base, kind, signature: withoutExport(head), members };
  }
  if (isFunctionDeclaration(declaration))
    return { ...base, kind: 'function', signature: withoutExport(headOf(declaration)), members: [] };
  if (isTypeAliasDeclaration(declaration))
    return { ...base, kind: 'type', signature: withoutExport(declaration.getText()), members: [] };
  if (!isVariableDeclaration(declaration)) throw new Error(`unknown kind of export: ${symbol.name}`);
  const { initializer } = declaration;
  if (initializer !== undefined && isArrowFunction(initializer)) {
    const head = headOf(initializer).replace(/\s*=>\s*$/, '');
    return { ...base, kind: 'function', signature: `function ${symbol.name}${head}`, members: [] };
  }
  const members = tableMembersOf(checker, symbol);
  const signature =
    members.length > 0 ? `const ${symbol.name}` : `const ${symbol.name}: ${typeText(checker, symbol)}`;
  return { ...base, kind: 'const', signature, members };
}

function commentOf(checker: Checker, symbol: CompilerSymbol): Comment {
  return {
    text: symbol.getDocumentationComment(checker).trim(),
    tags: symbol.getJsDocTags(checker).map(({ name, text = '' }) => ({ name, text: text.trim() })),
  };
}

const isInternal = ({ tags }: Comment): boolean => tags.some(({ name }) => name === 'internal');

function isPublic(member: ClassElement | TypeElement): boolean {
  if (/^(?:readonly )?#/.test(member.getText())) return false;
  const flags = 'modifierFlags' in member ? Number(member.modifierFlags) : ModifierFlags.None;
  return (flags & (ModifierFlags.Private | ModifierFlags.Protected)) === 0;
}

/** Text before the body of a function, or before the value of a property. */
function headOf(node: FunctionLikeDeclaration): string {
  const { body } = node;
  const text = node.getText();
  return (body === undefined ? text : text.slice(0, body.getStart() - node.getStart())).trim();
}

function memberOf(checker: Checker, member: ClassElement | TypeElement): Member {
  if (isConstructorDeclaration(member)) {
    const signature = oneLine(headOf(member)).replace(/^constructor/, 'new');
    return { name: 'constructor', signature, text: '', tags: [] };
  }
  if (!isNamed(member)) throw new Error(`unknown kind of member: ${member.getText()}`);
  const symbol = checker.getSymbolAtLocation(member.name);
  if (symbol === undefined) throw new Error(`expected a symbol of ${member.getText()}`);
  const name = member.name.getText();
  const comment = commentOf(checker, symbol);
  if (isMethodDeclaration(member))
    return {
      name,
      signature: oneLine(headOf(member)).replace(/^(?:(?:async|override) )*\*?/, ''),
      ...comment,
    };
  if (isGetAccessorDeclaration(member) || (isPropertyDeclaration(member) && member.type === undefined))
    return { name, signature: `${name}: ${typeText(checker, symbol)}`, ...comment };
  return { name, signature: oneLine(member.getText()).replace(/ = .*$/, ''), ...comment };
}

function isNamed(member: ClassElement | TypeElement) {
  return (
    isMethodDeclaration(member) ||
    isMethodSignatureDeclaration(member) ||
    isPropertyDeclaration(member) ||
    isPropertySignatureDeclaration(member) ||
    isGetAccessorDeclaration(member)
  );
}

/** Members of a constant that is a table: `Stage.content`. */
function tableMembersOf(checker: Checker, symbol: CompilerSymbol): readonly Member[] {
  const type = checker.getTypeOfSymbol(symbol);
  if (type === undefined) return [];
  return checker
    .getPropertiesOfType(type)
    .filter(({ declarations }) => declarations.length > 0)
    .filter((each) => declarationOf(each).getSourceFile().fileName.startsWith(`${root}src/`))
    .map((each) => ({
      name: each.name,
      signature: `${symbol.name}.${each.name}${valueText(typeText(checker, each))}`,
      ...commentOf(checker, each),
    }));
}

/** The type of a table's member; of a function its call. Types of object literals are left out: the comment says more. */
function valueText(type: string): string {
  if (type.startsWith('{')) return '';
  const call = /^(<.+>)?(\(.*\)) => (.+)$/.exec(type);
  return call === null ? `: ${type}` : `${call[1] ?? ''}${call[2]}: ${call[3]}`;
}

function typeText(checker: Checker, symbol: CompilerSymbol): string {
  const type = checker.getTypeOfSymbol(symbol);
  return type === undefined ? 'unknown' : checker.typeToString(type, declarationOf(symbol));
}

function withoutExport(text: string): string {
  return text.replace(/^export (?:async )?/, '').replace(/;$/, '');
}

function oneLine(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/^readonly /, '')
    .replace(/([([{<]) (?=\S)/g, (_, open) => (open === '{' ? '{ ' : open))
    .replace(/,? ([)\]>])/g, '$1')
    .replace(/;$/, '');
}
