/**
 * The laws of the house that a compiler cannot see, each a pattern with the sentence a newcomer reads who broke it.
 * Laws about imports are in .dependency-cruiser.cjs.
 */
import { blankComments } from './blank-comments.ts';

export type Breach = { law: string; file: string; line: number; text: string; sentence: string };

type Law = {
  name: string;
  sentence: string;
  /** Which files, by their path from the project's root. */
  applies: (file: string) => boolean;
  /** What must not occur; `g` is expected. */
  pattern: RegExp;
  /** Words in comments count too; otherwise only code does. */
  inComments?: boolean;
};

const isSpec = (file: string) => /\.spec\.ts$|^test\/|^(apps|libs)\/[^/]+\/test\//.test(file);
const isTool = (file: string) => file.startsWith('tools/') || file.startsWith('libs/testing/') || !file.includes('/');
const isCode = (file: string) => /\.(ts|mjs|cjs)$/.test(file);
const isProduct = (file: string) => isCode(file) && /^(apps|libs)\//.test(file) && !isSpec(file) && !isTool(file);
const isText = (file: string) =>
  /\.(ts|mjs|cjs|js|json|md|sql|ya?ml|sh|html|css|run)$/.test(file) && !file.endsWith('package-lock.json');
/** These must write down what they look for. */
const isAboutLaws = (file: string) => /^tools\/(import-)?laws(\.spec)?\.ts$/.test(file);

/** A text that begins like a statement. Capitals or not, but not a sentence ("Select a company"). */
const statementStarts = [
  'select [\\w*$"\'(]',
  'insert into ',
  'update [\\w$."{}]+ set ',
  'delete from ',
  'with \\w+ as ?\\(',
  '(create|alter|drop) (table|schema|index|unique|role|database|type|function|view|trigger) ',
  'truncate \\w',
  'lock table ',
];
const sqlStatement = new RegExp(
  `[\`'"]\\s*(${[...statementStarts, ...statementStarts.map(inCapitals)].join('|').replaceAll(' ', '\\s+')})`,
  'g',
);

function inCapitals(start: string): string {
  return start.replaceAll(/(?<!\\)[a-z]/g, (letter) => letter.toUpperCase());
}

export const laws: Law[] = [
  {
    name: 'environment-by-one-door',
    sentence:
      'Settings enter by one door: declare the variable in the app’s environment class; only libs/runtime reads process.env.',
    applies: (file) => isProduct(file) && !file.startsWith('libs/runtime/'),
    pattern: /\bprocess\.env\b/g,
  },
  {
    name: 'sql-in-its-own-files',
    sentence: 'SQL lives in *.sql.ts files, one constant per statement, and in migrations.',
    applies: (file) => isProduct(file) && !/\.(sql|migration)\.ts$/.test(file) && !file.includes('/migrations/'),
    pattern: sqlStatement,
  },
  {
    name: 'tls-is-never-off',
    sentence: 'TLS verification is never switched off: give the partner’s CA in its settings instead.',
    applies: (file) => isCode(file) && !isSpec(file) && !file.startsWith('libs/runtime/'),
    pattern: /NODE_TLS_REJECT_UNAUTHORIZED|rejectUnauthorized['"]?\s*:\s*(false|!1)/g,
  },
  {
    name: 'money-is-no-float',
    sentence: 'Money is a decimal string with two places: calculate with the money functions of #libs/contracts.',
    applies: isProduct,
    pattern:
      /\bparseFloat\s*\(|\b(Number|parseInt)\s*\(\s*[\w.?![\]'"]*(amount|balance|interest|discount|penalty|price|valor)\w*\s*\)/gi,
  },
  {
    name: 'documents-keep-their-letters',
    sentence:
      'CPF and CNPJ are upper-case text; since July 2026 a CNPJ has letters. Use the document functions of #libs/contracts.',
    applies: (file) => isCode(file) && !isSpec(file),
    pattern: /\.replace(All)?\(\s*\/(\\D|\[\^\\d[^\]]*\]|\[\^0-9[^\]]*\])[+*]?\/g?/g,
  },
  {
    name: 'no-console-in-the-product',
    sentence: 'An attempt is one log line with the fields of every other: use the logger of #libs/runtime.',
    applies: isProduct,
    pattern: /\bconsole\.(log|debug|info|trace|table|dir)\b/g,
  },
  {
    name: 'nothing-left-for-later',
    sentence: 'What is not done is not in the code: finish it, or leave it out and say so in an ADR.',
    applies: (file) => isText(file),
    pattern: /\b(TODO|FIXME|XXX|HACK)\b(?!\w)|\b[Ff]or now\b|\b[Ss]tub(s|bed)?\b|\bplaceholder\b(?!['"]?\s*[:=])/g,
    inComments: true,
  },
  {
    name: 'names-say-something',
    sentence: 'Service, Manager, Helper, Util, Processor and Impl say nothing: name it for its direction and subject.',
    applies: isProduct,
    pattern: /\b(class|interface|function|const)\s+\w+(Service|Manager|Helpers?|Utils?|Processor|Impl)\b/g,
  },
  {
    name: 'indexes-name-what-they-give',
    sentence: 'A lib’s index names every export, so that its front door can be read: never `export *`.',
    applies: (file) => isCode(file),
    pattern: /\bexport\s+\*/g,
  },
  {
    name: 'no-forward-references',
    sentence: 'forwardRef hides a circle: find the third thing both need.',
    applies: isProduct,
    pattern: /\bforwardRef\b/g,
  },
  {
    name: 'tests-never-sleep',
    sentence: 'A test that sleeps is slow or flaky: wait with eventually(), or move the injected clock.',
    applies: (file) => file.endsWith('.spec.ts'),
    pattern: /\bawait\s+(sleep|delay|setTimeout)\s*\(|new Promise(<\w+>)?\(\s*\(?\w+\)?\s*=>\s*\{?\s*setTimeout\(/g,
  },
  {
    name: 'every-test-runs',
    sentence: 'A test marked `only` silences the others of its file.',
    applies: (file) => isSpec(file),
    pattern: /\b(it|test|describe)\.only\b|\bf(it|describe)\(/g,
  },
  {
    name: 'no-paths-of-one-machine',
    sentence: 'A path that exists on one machine only: say it relative to the project.',
    applies: (file) => isText(file),
    pattern: /(?<![\w.$*}/-])\/(work|Users|home\/(?!node\b))\b\/?[\w.-]+/g,
    inComments: true,
  },
  {
    name: 'lock-file-names-no-server',
    sentence: 'The lock file must work with any registry: run npm with omit-lockfile-registry-resolved.',
    applies: (file) => file === 'package-lock.json',
    pattern: /"resolved": "https?:/g,
  },
];

const forbiddenNames =
  /(^|\/)(common|shared|core|utils?|helpers?|misc)(\/|\.[\w.]+$)|\.(service|helper|util|manager)s?\.ts$/;

/** Of one file; `text` is what it holds, `file` its path from the project's root with forward slashes. */
export function findBreaches(file: string, text: string): Breach[] {
  if (isAboutLaws(file)) return [];
  const code = isCode(file) ? blankComments(text) : text;
  const found = laws
    .filter((law) => law.applies(file))
    .flatMap((law) =>
      [...(law.inComments ? text : code).matchAll(law.pattern)].map((match) => breach(law, file, text, match.index)),
    );
  return [...findNameBreaches(file), ...found];
}

function findNameBreaches(file: string): Breach[] {
  if (!/^(apps|libs|test|tools)\//.test(file)) return [];
  const at = { file, line: 1, text: file };
  if (forbiddenNames.test(file)) {
    const sentence =
      'common, shared, core, utils and helpers are names for everything: name the file or folder by its subject.';
    return [{ law: 'named-by-subject', ...at, sentence }];
  }
  if (/^apps\/.*\/index\.ts$/.test(file)) {
    return [{ law: 'apps-have-no-index', ...at, sentence: 'Nobody imports an app, so it has no index.ts.' }];
  }
  return [];
}

function breach(law: Law, file: string, text: string, index: number): Breach {
  const before = text.slice(0, index).split('\n');
  const line = text
    .slice(index - (before.at(-1)?.length ?? 0))
    .split('\n')
    .find((each) => each.trim() !== '');
  return { law: law.name, file, line: before.length, text: (line ?? '').trim().slice(0, 120), sentence: law.sentence };
}
